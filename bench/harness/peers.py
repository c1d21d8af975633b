"""Other servers that answer the same request from the same database."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.instance import free_port

FOLDER = Path(__file__).resolve().parents[1] / "peers"


@dataclass(frozen=True)
class Server:
    name: str
    base: str
    pids: list[int]


@contextmanager
def bare_flask(database_url: str) -> Iterator[Server]:
    port = free_port()
    command = ["gunicorn", "--worker-class", "gthread", "--workers", "2", "--threads", "8"]
    command += ["--bind", f"127.0.0.1:{port}", "--log-level", "warning", "bare_flask:app"]
    with _running("bare Flask, gunicorn", command, database_url, port) as server:
        yield server


@contextmanager
def litestar(database_url: str) -> Iterator[Server]:
    port = free_port()
    command = ["granian", "--interface", "asgi", "--workers", "2", "--runtime-mode", "st"]
    command += ["--no-ws", "--log-level", "warning", "--host", "127.0.0.1", "--port", str(port)]
    with _running(
        "Litestar, granian", [*command, "litestar_asyncpg:app"], database_url, port
    ) as server:
        yield server


@contextmanager
def _running(name: str, command: list[str], database_url: str, port: int) -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=FOLDER,
        env=os.environ | {"DATABASE_URL": database_url},
        stdout=sys.stderr,
        start_new_session=True,
    )
    try:
        wait_for(port, process)
        yield Server(name, f"http://127.0.0.1:{port}", [process.pid])
    finally:
        process.terminate()  # the parent alone: it ends its workers
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"The peer on port {port} did not start; install requirements-bench.lock")
