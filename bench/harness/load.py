"""Sources of load: wrk for as much as goes, one kept connection for the time of one request."""

import http.client
import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SCRIPT = Path(__file__).with_name("callers.lua")
Row = dict[str, Any]


@dataclass(frozen=True)
class Load:
    requests: int
    seconds: float
    refused: int
    broken: int
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def require_wrk() -> None:
    if shutil.which("wrk") is None:
        raise SystemExit("This needs wrk: apt-get install wrk, or brew install wrk")


def wrk(url: str, tokens: list[str], connections: int, seconds: float) -> Load:
    """As many requests as it can. Ends the benchmark if one was refused: that measures nothing."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", str(SCRIPT), url, "--"]
    done = subprocess.run([*command, *tokens], capture_output=True, text=True, check=True)
    load = Load(**json.loads(done.stdout.strip().splitlines()[-1]))
    if load.refused or load.broken or not load.requests:
        raise SystemExit(f"{url}: {load.refused} refused, {load.broken} broken:\n{done.stdout}")
    return load


class Connection:
    """One kept connection to the API."""

    def __init__(self, base: str, token: str) -> None:
        where = urlsplit(base)
        self._http = http.client.HTTPConnection(str(where.hostname), where.port, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(self, method: str, path: str, body: Row | None = None) -> Row:
        sent = json.dumps(body) if body is not None else None
        self._http.request(method, path, sent, self._headers)
        response = self._http.getresponse()
        text = response.read()
        if response.status >= 400:
            raise SystemExit(f"{method} {path}: {response.status} {text.decode()}")
        found: Row = json.loads(text)
        return found

    def timed(self, path: str) -> float:
        """Milliseconds that a GET takes, without parsing it."""
        began = time.perf_counter()
        self._http.request("GET", path, None, self._headers)
        response = self._http.getresponse()
        response.read()
        spent = (time.perf_counter() - began) * 1000
        if response.status != 200:
            raise SystemExit(f"GET {path}: {response.status}")
        return spent

    def close(self) -> None:
        self._http.close()
