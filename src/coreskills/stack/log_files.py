"""The logs of the native mode: a file for each service, and an older one that was cut off."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from coreskills.errors import StackFailed
from coreskills.stack import log_lines
from coreskills.stack.home import Home
from coreskills.stack.log_lines import Line

LOOK_EVERY = 0.2  # seconds


class LogFiles:
    """Of one service, of all its processes (`worker`), or of all services.

    Raises StackFailed for a service that has no log.
    """

    def __init__(self, home: Home, service: str | None) -> None:
        files = sorted(home.logs.glob("*.log"))
        wanted = [p for p in files if service is None or p.stem.split("-")[0] == service]
        self._files = [p for p in files if p.stem == service] or wanted
        if not self._files:
            names = ", ".join(path.stem for path in files) or "none yet"
            raise StackFailed(
                f"There is no log of {service}", check="logs.service", fix=f"one of: {names}"
            )
        self._ends = {path: path.stat().st_size for path in self._files}

    def last(self, count: int) -> list[Line]:
        """So many of each service, in the order in which they were written."""
        return _in_order(
            line for path in self._files for line in log_lines.read(path.stem, _tail(path, count))
        )

    def all(self) -> list[Line]:
        return _in_order(
            line for path in self._files for line in log_lines.read(path.stem, _texts(path))
        )

    def following(self) -> Iterator[Line]:
        """What is written from the moment on at which this object was made. For ever."""
        with ExitStack() as stack:
            logs = {path: stack.enter_context(path.open("rb")) for path in self._files}
            for path, log in logs.items():
                log.seek(self._ends[path])
            while True:
                lines = [line for path, log in logs.items() for line in _new(path.stem, log)]
                yield from lines
                if not lines:
                    time.sleep(LOOK_EVERY)


def _new(service: str, log: BinaryIO) -> Iterator[Line]:
    here = log.tell()
    if log.seek(0, 2) < here:
        here = 0  # it was cut to nothing, see stack/supervisor.py
    log.seek(here)
    return log_lines.read(service, _whole_lines(log), datetime.now(UTC))


def _in_order(lines: Iterator[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: line.at)


def _texts(path: Path) -> Iterator[str]:
    for each in (path.with_suffix(".log.1"), path):
        with suppress(FileNotFoundError), each.open(encoding="utf-8", errors="replace") as log:
            for text in log:
                yield text.rstrip("\n")


def _tail(path: Path, count: int) -> list[str]:
    with path.open("rb") as log:
        log.seek(0, 2)
        log.seek(max(0, log.tell() - 1000 * (count + 1)))
        return log.read().decode(errors="replace").splitlines()[-count:] if count else []


def _whole_lines(log: BinaryIO) -> Iterator[str]:
    """Half a line is read when its end is there."""
    while (text := log.readline()).endswith(b"\n"):
        yield text.decode(errors="replace").rstrip("\r\n")
    log.seek(-len(text), 1)
