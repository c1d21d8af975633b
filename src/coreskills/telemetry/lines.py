"""Lines for a file descriptor that may refuse them.

One that must not wait is written at once. The line of each request may wait a moment for others: to
write each by itself costs a busy API more than all else it tells. Their order stays: whatever is
written takes along what waits. A process that is killed takes the last PAUSE of them with it.
"""

import os
import threading
import time
from collections import deque
from datetime import UTC, datetime
from multiprocessing.util import Finalize

import orjson

PAUSE = 0.1  # seconds that a line may wait
MOST = 10_000  # lines that may wait; who brings the next one has to write them
PIECE = 4096  # bytes: what is shorter gets into a pipe whole, whoever else writes there (PIPE_BUF)
_NOTICE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


class Lines:
    """The first line that can be written again comes after one that says how many lack."""

    def __init__(self, service: str, file: int = 2) -> None:
        self._service = service
        self._file = file
        self._dropped = 0
        self._torn = False
        self._waiting: deque[bytes] = deque()
        self._turn = threading.RLock()  # a signal's handler may write, too
        self._wake = threading.Event()
        self._writer: threading.Thread | None = None

    def write(self, line: bytes) -> None:
        """Now. Without its end. Never raises."""
        self._waiting.append(line)
        self._flush()

    def write_soon(self, line: bytes) -> None:
        """Within PAUSE, and at the end of the process. Without its end. Never raises."""
        self._waiting.append(line)
        if len(self._waiting) >= MOST:
            self._flush()
        elif not self._wake.is_set():
            self._wake.set()
            self._start()

    def _start(self) -> None:
        with self._turn:
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="log", daemon=True)
                self._writer.start()
                # Also at the end of a process of the web server's, which atexit does not hear of.
                Finalize(None, self._flush, exitpriority=1)

    def _write(self) -> None:
        while True:
            self._wake.wait()
            time.sleep(PAUSE)
            self._wake.clear()  # before, or a line that comes meanwhile would wait for another
            self._flush()

    def _flush(self) -> None:
        with self._turn:
            while self._waiting:
                self._put(self._next())

    def _next(self) -> list[bytes]:
        lines = [self._waiting.popleft()]
        size = len(lines[0]) + 1
        while self._waiting and size + len(self._waiting[0]) < PIECE:
            lines.append(self._waiting.popleft())
            size += len(lines[-1]) + 1
        return lines

    def _put(self, lines: list[bytes]) -> None:
        data = b"\n".join([*lines, b""])
        if self._dropped:
            data = self._notice() + data
        try:
            written = os.write(self._file, data)
        except OSError:
            written = 0
        if written == len(data):
            self._dropped, self._torn = 0, False
        else:
            self._dropped += min(len(lines), data.count(b"\n", written))
            self._torn = not data[:written].endswith(b"\n") if written else self._torn

    def _notice(self) -> bytes:
        notice = {"event": "log_lines_dropped", "lines": self._dropped, "service": self._service}
        notice |= {"level": "warning", "timestamp": datetime.now(UTC)}
        return (b"\n" if self._torn else b"") + orjson.dumps(notice, option=_NOTICE)
