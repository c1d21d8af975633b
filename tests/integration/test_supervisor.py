"""The supervisor keeps programs running, and keeps their logs from filling the disk."""

import sys
import threading
import time
from pathlib import Path

from coreskills.stack import state
from coreskills.stack.home import Home
from coreskills.stack.processes import Identity, alive, end, identify
from coreskills.stack.programs import Program
from coreskills.stack.supervisor import LARGEST_LOG, Supervisor


def a_home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create(None)
    return home


def program(name: str, code: str, **more: object) -> Program:
    return Program(name, [sys.executable, "-c", code], **more)  # type: ignore[arg-type]


def wait_for(what, seconds: float = 10.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


class Running:
    """A supervisor in a thread, told to stop by its file, as on Windows."""

    def __init__(self, home: Home, programs: list[Program]) -> None:
        self.home = home
        self.supervisor = Supervisor(home, programs)
        self.thread = threading.Thread(target=self.supervisor.watch)

    def __enter__(self) -> "Running":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        (self.home.run / "stop").touch()
        self.thread.join(timeout=30)
        assert not self.thread.is_alive()

    def service(self, name: str):
        found = state.read(self.home)
        return found.service(name) if found else None


def test_what_ends_is_started_again_and_counted(tmp_path: Path):
    home = a_home(tmp_path)
    with Running(home, [program("brief", "pass")]) as running:
        wait_for(lambda: (s := running.service("brief")) and s.restarts >= 2)


def test_what_comes_after_a_step_waits_for_its_end(tmp_path: Path):
    home = a_home(tmp_path)
    mark = home.path / "mark"
    step = f"import time, pathlib; time.sleep(0.5); pathlib.Path({str(mark)!r}).touch()"
    after = f"import pathlib, time; assert pathlib.Path({str(mark)!r}).exists(); time.sleep(60)"
    programs = [
        program("step", step, once=True),
        program("user", after, after="step"),
    ]
    with Running(home, programs) as running:
        wait_for(lambda: (s := running.service("user")) and s.state == "running")
        assert running.service("step").state == "done"
        assert running.service("user").restarts == 0


def test_stopping_ends_everything_also_what_does_not_listen(tmp_path: Path):
    home = a_home(tmp_path)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    with Running(home, [program("quiet", "import time; time.sleep(60)")]) as running:
        quiet = wait_for(lambda: (s := running.service("quiet")) and s.identity)
    assert not alive(quiet)
    assert state.read(home) is None

    import subprocess

    process = subprocess.Popen([sys.executable, "-c", deaf])
    identity = identify(process.pid)
    time.sleep(0.3)
    end([identity], patience=0.5)
    process.wait(timeout=5)
    assert not alive(identity)


def test_a_pid_that_belongs_to_somebody_else_by_now_is_left_alone():
    import os

    mine = identify(os.getpid())
    stranger = Identity(mine.pid, mine.started - 100)
    assert alive(mine)
    assert not alive(stranger)
    end([stranger], patience=0.1)  # or this test would not come to its end


def test_a_log_that_has_grown_is_cut_and_one_copy_is_kept(tmp_path: Path):
    home = a_home(tmp_path)
    log = home.logs / "chatty.log"
    log.write_bytes(b"x" * (LARGEST_LOG + 1))
    with Running(home, []):
        wait_for(lambda: log.stat().st_size == 0)
    assert (home.logs / "chatty.log.1").stat().st_size == LARGEST_LOG + 1
