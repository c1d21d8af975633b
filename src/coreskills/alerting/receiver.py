"""The program that Alertmanager tells: HTTP in, a line on the disk, and only then 200.

It needs nothing else of the instance, for it has to hear that the rest is down. POST /alerts takes
Alertmanager's webhook, GET /alerts answers what is known, both for the shared token; GET /health.
"""

import hmac
import json
import signal
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import structlog

from coreskills import config
from coreskills.alerting import journal
from coreskills.alerting.journal import Alert, Journal
from coreskills.errors import AppError, Fault, Invalid, TooLarge, Unauthenticated, Unavailable
from coreskills.telemetry import logs

LARGEST_BODY = 1 << 20
_DIGITS = len(str(LARGEST_BODY))  # Python refuses to read a number of thousands of them
PATIENCE = 10.0  # seconds for a caller to say what it wants
STATUS = {Unauthenticated: 401, TooLarge: 413, Invalid: 422, Unavailable: 503}


class Receiver(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], path: Path, token: str) -> None:
        self.path = path
        self._token = token
        self._journal = Journal(path)
        self._alone = threading.Lock()
        super().__init__(address, Handler)

    def refuse_stranger(self, authorization: str) -> None:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {self._token}".encode()):
            raise Unauthenticated("The token is missing or wrong; it is in secrets/receiver_token")

    def keep(self, alerts: list[Alert]) -> None:
        try:
            with self._alone:
                self._journal.add(alerts)
        except OSError as exc:  # Alertmanager tells it again until we take it
            raise Unavailable(f"{self.path} cannot be written: {exc.strerror}") from exc
        for alert in alerts:
            if alert.name != journal.WATCHDOG:
                log.info("alert", name=alert.name, status=alert.status, began=alert.starts_at)


class Handler(BaseHTTPRequestHandler):
    server: Receiver
    timeout = PATIENCE
    protocol_version = "HTTP/1.1"
    server_version = "coreskills-receiver"
    sys_version = ""

    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer(200, {"status": "healthy"})
        else:
            self._within(self._tell)

    def do_POST(self) -> None:
        self._within(self._hear)

    def _tell(self) -> dict[str, Any]:
        return {
            "alerts": [journal.told(a, datetime.now(UTC)) for a in journal.read(self.server.path)]
        }

    def _hear(self) -> dict[str, Any]:
        alerts = journal.received(self._body(), datetime.now(UTC))
        self.server.keep(alerts)
        return {"heard": len(alerts)}

    def _within(self, act: Any) -> None:
        """One answer for whatever comes of it, on a connection that is in step afterwards."""
        try:
            self.server.refuse_stranger(self.headers.get("Authorization", ""))
            if self.path != "/alerts":
                self._answer(404, {"code": "not_found", "detail": "There is only /alerts"})
                return
            self._answer(200, act())
        except AppError as exc:
            self._answer(STATUS[type(exc)], {"code": exc.code, "detail": exc.message})

    def _body(self) -> Any:
        """Neither nested without end nor with half a letter, which could not be written again."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            raise Invalid("The body has no length", [Fault("", "length_required", "is missing")])
        if len(length) > _DIGITS or int(length) > LARGEST_BODY:
            raise TooLarge(f"At most {LARGEST_BODY} bytes are taken")
        try:
            return orjson.loads(self.rfile.read(int(length)))
        except ValueError as exc:
            raise Invalid("The body is no JSON", [Fault("", "bad_json", str(exc))]) from exc

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        if status >= 400:
            self.close_connection = True  # whose body was perhaps not read
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Alerts are logged when they are kept; the rest is of no use."""


log = structlog.get_logger("receiver")


def main() -> None:
    """Until SIGTERM or SIGINT."""
    settings = config.load()
    logs.configure("receiver", settings.log_level, settings.log_format)
    if not settings.receiver_token or not settings.alerts_file:
        raise Invalid("CORESKILLS_RECEIVER_TOKEN and CORESKILLS_ALERTS_FILE must be set")
    address = (settings.receiver_host, settings.receiver_port)
    with Receiver(address, Path(settings.alerts_file), settings.receiver_token) as server:

        def stop(*_: object) -> None:
            threading.Thread(target=server.shutdown).start()  # it waits for the loop, which is us

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        log.info("started", port=settings.receiver_port)
        server.serve_forever(poll_interval=0.1)
