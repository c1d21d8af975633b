"""Processes of the laboratory: started, killed, paused, and started again."""

import os
import signal
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psutil

from coreskills.stack.processes import Identity, end, identify

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(
    ["coreskills.server", "coreskills.worker.process", "tests.faults.programs"]
)
PATIENCE = 25.0  # seconds to stop by itself


def until(condition: Callable[[], Any], seconds: float = 20, every: float = 0.02) -> Any:
    """The first true answer."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"it did not happen within {seconds:g} s"
        time.sleep(every)
    return found


class Program(ABC):
    """One process, or several that follow one. `log` takes what all its lives print."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self.starts = 0
        self._identity: Identity | None = None

    @property
    def pid(self) -> int:
        assert self._identity, f"{self.name} was never started"
        return self._identity.pid

    @property
    @abstractmethod
    def alive(self) -> bool: ...

    @property
    @abstractmethod
    def exit_code(self) -> int | None:
        """Negative: the number of the signal that killed it. None: it runs."""

    @abstractmethod
    def start(self) -> None: ...

    def wait(self, seconds: float = PATIENCE) -> int:
        until(lambda: not self.alive, seconds)
        code = self.exit_code
        assert code is not None
        return code

    def signal(self, number: int) -> None:
        """To the process itself; to one that has gone, nothing."""
        if self._identity and self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, and whatever it leaves behind is ended, as a supervisor would."""
        self.signal(signal.SIGKILL)
        if self._identity:
            self.wait()
            end([self._identity], 2.0)

    def pause(self) -> None:
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        self.pause()
        until(lambda: self.paused)
        yield
        self.resume()

    def terminate(self, seconds: float = PATIENCE) -> int:
        """Ask it to stop, and wait until it has."""
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def restart(self) -> None:
        self.kill()
        self.start()

    def revive(self) -> None:
        """After its death, however it came: end what it has left, and start it again."""
        if self._identity:
            end([self._identity], 2.0)
        self.start()

    @property
    def paused(self) -> bool:
        return bool(self.alive and psutil.Process(self.pid).status() == psutil.STATUS_STOPPED)

    def text(self) -> str:
        """All it has said."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""


class Command(Program):
    """One that is started by a command line, in a session of its own."""

    def __init__(
        self,
        name: str,
        log: Path,
        command: Callable[[], list[str]],
        environment: dict[str, str] | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(name, log)
        self._command = command
        self._environment = environment
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        return dict(self._environment or {})

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._process.poll() if self._process else None

    def start(self) -> None:
        assert not self.alive, f"{self.name} runs already"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
                **self._arguments,
            )
        self._identity = identify(self._process.pid)
        self.starts += 1

    def children(self) -> list[int]:
        with suppress(psutil.NoSuchProcess):
            return sorted(child.pid for child in psutil.Process(self.pid).children())
        return []


class Fork(Program):
    """A function in a real process of its own, forked from a server that has imported the worker:
    ready in 30 ms where a new interpreter takes 600."""

    def __init__(
        self, name: str, log: Path, act: Callable[[], None], environment: dict[str, str]
    ) -> None:
        super().__init__(name, log)
        self.environment = environment
        self._act = act
        self._process: Any = None
        self._asking = threading.Lock()  # the exit code comes through a pipe, once

    @property
    def alive(self) -> bool:
        return self._process is not None and self.exit_code is None

    @property
    def exit_code(self) -> int | None:
        with self._asking:
            return self._process.exitcode if self._process else None

    def start(self) -> None:
        assert not self.alive, f"{self.name} runs already"
        arguments = (self._act, self.environment, str(self.log))
        process = FORKS.Process(target=_run, args=arguments, name=self.name, daemon=True)
        process.start()
        self._process = process
        self._identity = identify(self._process.pid)
        self.starts += 1


def _run(act: Callable[[], None], environment: dict[str, str], log: str) -> None:
    """In the new process: look like one that was started by a command line."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    act()
