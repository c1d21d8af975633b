"""One process of host.ps1: started, spoken to, and ended for certain."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field

import structlog

from coreskills.engine import frames
from coreskills.engine.frames import Frame

log = structlog.get_logger("engine")
_WAITING_LINES = 256  # then the pipe fills, and the host waits
_MOST_NOISE = 1000  # lines that are no frames, between two that are
_SAFE_BYTES = 4096  # fits into the pipe of every system: writing it cannot block


class HostFailed(Exception):
    """Base of what can be wrong with a host. It is of no use afterwards."""


class TooLate(HostFailed):
    pass


class Ended(HostFailed):
    """It closed its output."""


class Babble(HostFailed):
    """It does not keep to the protocol."""


class TooLong(HostFailed):
    """The request, not the host, is at fault; nothing was sent."""


@dataclass
class Quarantine:
    """What was on stdout and is no frame: counted, the last of it kept, never parsed."""

    lines: int = 0
    last: deque[str] = field(default_factory=lambda: deque(maxlen=20))

    def take(self, line: bytes) -> None:
        self.lines += 1
        self.last.append(line[:200].decode("utf-8", "replace").strip())
        log.warning("engine_noise", bytes=len(line))
        log.debug("engine_noise", text=self.last[-1])  # it may name somebody


class Host:
    """Not for several threads at once."""

    def __init__(
        self, command: list[str], environment: dict[str, str], quarantine: Quarantine
    ) -> None:
        """Raises OSError when it cannot be started."""
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=sys.platform != "win32",
        )
        self.pid = self._process.pid
        self.born = time.monotonic()
        self.calls = 0
        self.hello: Frame = {}
        self._quarantine = quarantine
        self._lines: queue.Queue[bytes | None] = queue.Queue(_WAITING_LINES)
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._read, self._drain)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        if sys.platform == "win32":
            return self._process.poll() is None
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT  # not reaped: its group keeps its number
        try:
            return os.waitid(os.P_PID, self.pid, flags) is None
        except ChildProcessError:
            return False

    def send(self, frame: Frame, until: float) -> None:
        """Raises Ended, TooLate, or TooLong."""
        line = frames.encoded(frame)
        if len(line) > frames.LONGEST:
            raise TooLong(f"A request of {len(line)} bytes is more than 1 MiB")
        watch = None
        if len(line) > _SAFE_BYTES:  # a host that does not read would hold us for ever
            watch = threading.Timer(max(0.0, until - time.monotonic()), self._end)
            watch.start()
        try:
            assert self._process.stdin
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except (OSError, ValueError):
            raise TooLate if time.monotonic() >= until else Ended from None
        finally:
            if watch:
                watch.cancel()

    def receive(self, until: float) -> Frame:
        """The next frame; noise before it goes into quarantine."""
        for _ in range(_MOST_NOISE):
            try:
                line = self._lines.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise TooLate from None
            if line is None:
                raise Ended
            if len(line) > frames.LONGEST:
                raise Babble("a line of more than 1 MiB")
            frame = frames.decoded(line)
            if frame is not None:
                return frame
            if not line.endswith(b"\n"):
                raise Ended  # in the middle of a line
            self._quarantine.take(line)
        raise Babble(f"{_MOST_NOISE} lines that are no frames")

    def kill(self) -> None:
        """Until nothing of it is left: process, threads, pipes."""
        self._end()
        self._process.wait()
        self._over.set()
        for thread in self._threads:
            thread.join(timeout=5)
        if any(thread.is_alive() for thread in self._threads):
            return  # somebody else holds the pipes: closing them would wait for that
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()

    def retire(self, patience: float = 2.0) -> None:
        """Ask it to end; then kill what is left."""
        with contextlib.suppress(HostFailed):
            self.send({"type": "shutdown"}, time.monotonic() + patience)
        until = time.monotonic() + patience
        while self.alive and time.monotonic() < until:
            time.sleep(0.01)
        self.kill()

    def _end(self) -> None:
        """It and what it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if sys.platform != "win32" and self._process.returncode is None:
                os.killpg(self.pid, signal.SIGKILL)
        self._process.kill()

    def _read(self) -> None:
        assert self._process.stdout
        with contextlib.suppress(OSError, ValueError):
            while line := self._process.stdout.readline(frames.LONGEST + 1):
                if not self._hand_over(line):
                    return
        self._hand_over(None)

    def _hand_over(self, line: bytes | None) -> bool:
        while not self._over.is_set():
            with contextlib.suppress(queue.Full):
                self._lines.put(line, timeout=0.2)
                return True
        return False

    def _drain(self) -> None:
        """Whatever it says on stderr goes to our log: a full pipe would stop it."""
        assert self._process.stderr
        with contextlib.suppress(OSError, ValueError):
            # asserted above, which a closure forgets
            for line in iter(lambda: self._process.stderr.readline(8192), b""):  # type: ignore[union-attr]
                log.info("engine_stderr", bytes=len(line))
                log.debug("engine_stderr", text=line[:500].decode("utf-8", "replace").rstrip())
