"""The receiver as the process that it is: what it has acknowledged, it knows for good."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port
from tests.unit.test_alert_journal import sent

TOKEN = "a-token-of-the-test"


@dataclass
class Receiver:
    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        data = json.dumps(body).encode() if body is not None else None
        try:
            connection.request(method, path, data, {"Authorization": f"Bearer {TOKEN}"} | headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def tell(self, *alerts: dict[str, Any]) -> tuple[int, Any]:
        return self.ask("POST", "/alerts", {"version": "4", "alerts": list(alerts)})

    def known(self) -> list[tuple[str, str]]:
        return [(a["name"], a["state"]) for a in self.ask("GET", "/alerts")[1]["alerts"]]


def started(folder: Path) -> Receiver:
    port, token = free_port(), folder / "token"
    token.write_text(TOKEN)
    settings = {
        "CORESKILLS_RECEIVER_TOKEN_FILE": str(token),
        "CORESKILLS_RECEIVER_PORT": str(port),
        "CORESKILLS_ALERTS_FILE": str(folder / "alerts.jsonl"),
    }
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "coreskills.alerting"],
            stderr=log,
            env=dict(os.environ) | settings,
        )
    found, deadline = Receiver(folder, port, process), time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            assert found.ask("GET", "/health") == (200, {"status": "healthy"})
            return found
        except OSError:
            time.sleep(0.05)
    raise AssertionError((folder / "log").read_text())


@pytest.fixture
def receiver(tmp_path) -> Iterator[Receiver]:
    found = started(tmp_path)
    yield found
    found.process.kill()
    found.process.wait(timeout=10)


def now(**changes: Any) -> dict[str, Any]:
    began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return sent(startsAt=began) | changes


def test_an_alert_begins_and_ends(receiver: Receiver):
    alert = now()
    assert receiver.tell(alert) == (200, {"heard": 1})
    assert receiver.known() == [("ApiDown", "firing")]
    receiver.tell(alert | {"status": "resolved", "endsAt": "2099-01-01T00:00:00Z"})
    assert receiver.known() == [("ApiDown", "resolved")]


def test_what_was_acknowledged_outlives_a_kill(receiver: Receiver):
    alerts = [now(fingerprint=f"f{number}") for number in range(20)]
    for alert in alerts:
        assert receiver.tell(alert)[0] == 200
    receiver.process.kill()
    receiver.process.wait(timeout=10)
    again = started(receiver.folder)
    try:
        assert len(again.known()) == 20
        again.tell(*alerts)
        assert len(again.known()) == 20
    finally:
        again.process.kill()
        again.process.wait(timeout=10)


def test_it_ends_when_it_is_asked_to(receiver: Receiver):
    receiver.process.send_signal(signal.SIGTERM)
    assert receiver.process.wait(timeout=10) == 0


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_stranger_neither_tells_nor_learns_anything(receiver, method, authorization):
    body = {"alerts": [now()]} if method == "POST" else None
    status, problem = receiver.ask(method, "/alerts", body, Authorization=authorization)
    assert (status, problem["code"]) == (401, "unauthenticated")
    assert receiver.known() == []


# No program could show it, nor any log hold it.
HALF_A_LETTER = json.dumps({"alerts": [sent(labels={"alertname": "\ud800"})]}).encode()


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"[1", {}, 422, "validation_failed"),
        (b"{}", {}, 422, "validation_failed"),
        (b"{}", {"Content-Length": "-1"}, 422, "validation_failed"),
        (b"{}", {"Content-Length": str(1 << 21)}, 413, "too_large"),
        (b"{}", {"Content-Length": "9" * 5000}, 413, "too_large"),
        (b"[" * 100_000, {}, 422, "validation_failed"),
        (HALF_A_LETTER, {}, 422, "validation_failed"),
    ],
    ids=["no JSON", "no webhook", "no length", "too long", "a number too long", "deep", "no text"],
)
def test_what_it_cannot_take_is_refused(receiver: Receiver, body, headers, status, code):
    connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=10)
    connection.request("POST", "/alerts", body, {"Authorization": f"Bearer {TOKEN}"} | headers)
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (status, code)
    connection.close()
    assert receiver.known() == []


def test_another_path_is_told_where_to_go(receiver: Receiver):
    assert receiver.ask("POST", "/else", {})[0] == 404


def test_a_full_disk_is_not_acknowledged_and_taken_up_later(small_disk: Path):
    receiver = started(small_disk)
    try:
        filler = small_disk / "filler"
        fill(filler)
        # The last page of the journal may still have room.
        assert 503 in [receiver.tell(*[now() for _ in range(10)])[0] for _ in range(40)]
        filler.unlink()
        assert receiver.tell(now(fingerprint="later"))[0] == 200
        assert ("ApiDown", "firing") in receiver.known()
    finally:
        receiver.process.kill()
        receiver.process.wait(timeout=10)


def fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
