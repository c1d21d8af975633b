"""The supervisor keeps programs running, and keeps their logs from filling the disk."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from coreskills.stack import state
from coreskills.stack.child import Child
from coreskills.stack.home import Home
from coreskills.stack.processes import Identity, alive, end, family, identify
from coreskills.stack.programs import Program
from coreskills.stack.renewal import Renewal
from coreskills.stack.state import ServiceState
from coreskills.stack.supervisor import LARGEST_LOG, Supervisor


def a_home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create(None)
    return home


def program(name: str, code: str, **more: object) -> Program:
    # any of its fields
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


SLEEPING = "import time; time.sleep(60)"
RENEWED_BY_HUP = """
import os, signal, subprocess, sys, time
def child():
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
inside = child()
def renew(*_):
    global inside
    old, inside = inside, child()
    old.kill()
    old.wait()
signal.signal(signal.SIGHUP, renew)
while True:
    time.sleep(0.05)
"""


def restart(running: Running, *names: str) -> None:
    order = running.home.run / "restart"
    order.write_text("\n".join(names))
    wait_for(lambda: not order.exists(), 20)


def test_a_restart_renews_what_was_named_and_counts_no_failure(tmp_path: Path):
    home = a_home(tmp_path)
    names = ["one", "two", "other"]
    with Running(home, [program(name, SLEEPING) for name in names]) as running:
        wait_for(lambda: all((s := running.service(n)) and s.pid for n in names))
        before = {name: running.service(name).pid for name in names}
        restart(running, "one", "two", "no such program")
        after = {name: running.service(name) for name in names}
    assert after["one"].pid not in (None, before["one"])
    assert after["two"].pid not in (None, before["two"])
    assert after["other"].pid == before["other"]
    assert {service.restarts for service in after.values()} == {0}
    assert {service.state for service in after.values()} == {"running"}


def test_only_one_program_at_a_time_is_down_for_a_restart(tmp_path: Path):
    home = a_home(tmp_path)
    slow = "import signal, sys, time\nsignal.signal(15, lambda *_: (time.sleep(.5), sys.exit()))\n"
    names = ["one", "two"]
    with Running(home, [program(name, slow + SLEEPING) for name in names]) as running:
        wait_for(lambda: all((s := running.service(n)) and s.pid for n in names))
        old = {name: running.service(name).identity for name in names}
        (home.run / "restart").write_text("one\ntwo")
        wait_for(lambda: not alive(old["one"]), 20)
        assert alive(old["two"])
        wait_for(lambda: not (home.run / "restart").exists(), 20)
        assert not alive(old["two"])


def test_a_program_that_reloads_keeps_its_process_and_renews_those_below(tmp_path: Path):
    home = a_home(tmp_path)
    with Running(home, [program("server", RENEWED_BY_HUP, reloads=True)]) as running:
        wait_for(lambda: (s := running.service("server")) and s.pid)
        server = running.service("server").identity
        before = wait_for(lambda: family(server))
        restart(running, "server")
        after = family(server)
        assert running.service("server").identity == server
    assert len(before) == len(after) == 1
    assert before != after


def test_a_program_that_is_down_anyway_does_not_hold_up_a_restart(tmp_path: Path):
    home = a_home(tmp_path)
    with Running(home, [program("ends", "pass"), program("stays", SLEEPING)]) as running:
        wait_for(lambda: (s := running.service("ends")) and s.restarts >= 3)
        before = wait_for(lambda: running.service("stays").pid)
        restart(running, "ends", "stays")
        assert running.service("stays").pid != before


def test_an_end_that_nobody_has_noticed_yet_is_no_renewal():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    was = identify(process.pid)
    child = Child(
        Program("sleeper", []), ServiceState("sleeper", "running", was.pid, was.started), process
    )
    renewal = Renewal([child])
    assert not renewal.advance()  # it is asked to end
    wait_for(lambda: not alive(was))
    assert not renewal.advance()
    process.wait()
    other = identify(os.getpid())  # for the one that is started instead
    child.state = ServiceState("sleeper", "running", other.pid, other.started)
    assert renewal.advance()
