"""What `status` and `check` say of the services, after the supervisor's file and the processes."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from coreskills.cli import check
from coreskills.errors import StackFailed
from coreskills.stack import native, state
from coreskills.stack.home import Home
from coreskills.stack.processes import Identity, identify
from coreskills.stack.state import ServiceState, State


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path / "home")
    found.create(None)
    found.save_instance({"mode": "native"})
    return found


def lives(name: str) -> ServiceState:
    """A service whose process is this one."""
    me = identify(os.getpid())
    return ServiceState(name, "running", pid=me.pid, started=me.started)


@pytest.fixture
def other() -> Iterator[psutil.Process]:
    """A process that may be held and killed."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield psutil.Process(child.pid)
    child.kill()
    child.wait()


def identity(process: psutil.Process) -> Identity:
    return Identity(process.pid, process.create_time())


def of(process: psutil.Process, name: str) -> ServiceState:
    return ServiceState(name, "running", pid=process.pid, started=process.create_time())


def hold(process: psutil.Process) -> None:
    """The signal is heard a moment after it was sent."""
    process.suspend()
    while process.status() != psutil.STATUS_STOPPED:
        time.sleep(0.01)


def release(process: psutil.Process) -> None:
    process.resume()
    while process.status() == psutil.STATUS_STOPPED:
        time.sleep(0.01)


def silent(line: str) -> None:
    pass


def names(home: Home) -> list[str]:
    return [service.name for service in native.status(home)]


def test_check_counts_the_services_that_status_lists(home: Home):
    services = [lives("postgres"), ServiceState("migrate", "done", exit_code=0), lives("api")]
    state.write(home, State(identify(os.getpid()), services))
    assert names(home) == ["postgres", "api"]
    assert check.running(home).measured == "2 of 2, 0 restarts"


def test_a_step_of_the_start_that_failed_is_listed_and_counted(home: Home):
    services = [lives("postgres"), ServiceState("migrate", "failed", exit_code=1)]
    state.write(home, State(identify(os.getpid()), services))
    assert names(home) == ["postgres", "migrate"]
    assert check.running(home).why == "not running: migrate"


def test_a_service_whose_process_is_gone_has_failed(home: Home, other: psutil.Process):
    state.write(home, State(identify(os.getpid()), [of(other, "api"), lives("worker")]))
    assert [service.state for service in native.status(home)] == ["running", "running"]
    other.kill()
    other.wait()
    api, worker = native.status(home)
    assert (api.state, api.pid, worker.state) == ("failed", None, "running")
    assert check.running(home).why == "not running: api"


@pytest.mark.skipif(os.name == "nt", reason="not run: Windows has no zombies")
def test_a_process_that_nobody_has_buried_yet_is_gone(home: Home, other: psutil.Process):
    """So it is with the child of a supervisor that is held."""
    state.write(home, State(identify(os.getpid()), [of(other, "api")]))
    os.kill(other.pid, 9)
    while other.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert native.status(home)[0].state == "failed"


def test_a_number_that_by_now_is_somebody_elses_is_no_service(home: Home):
    me = lives("api")
    mistaken = replace(me, started=(me.started or 0) - 100)
    state.write(home, State(identify(os.getpid()), [mistaken]))
    assert native.status(home)[0].state == "failed"


def test_a_supervisor_that_works_is_found_well(home: Home):
    state.write(home, State(identify(os.getpid()), [lives("api")]))
    assert native.trouble(home) is None
    assert check.supervised(home).why == ""
    assert check.supervised(home).measured == f"process {os.getpid()}"


def test_a_supervisor_that_is_held_is_named_with_the_next_step(home: Home, other: psutil.Process):
    state.write(home, State(identity(other), [lives("api")]))
    hold(other)
    found = check.supervised(home)
    assert f"The supervisor (process {other.pid}) stands still" in found.why
    cont = f"kill -CONT {other.pid}"
    assert found.fix == ("coreskills stop, then coreskills start" if os.name == "nt" else cont)
    assert check.running(home).fix == found.fix
    release(other)
    assert check.supervised(home).why == ""


def test_a_supervisor_that_is_gone_is_named_as_long_as_a_service_lives(
    home: Home, other: psutil.Process
):
    state.write(home, State(identity(other), [lives("postgres")]))
    other.kill()
    other.wait()
    assert names(home) == ["postgres"]
    found = check.supervised(home)
    assert f"The supervisor (process {other.pid}) is gone" in found.why
    assert found.fix == "coreskills start"


def test_of_an_instance_whose_processes_are_all_gone_nothing_runs(
    home: Home, other: psutil.Process
):
    state.write(home, State(identity(other), [of(other, "postgres")]))
    other.kill()
    other.wait()
    assert names(home) == []
    assert native.trouble(home) is None
    with pytest.raises(StackFailed) as caught:
        native.restart(home, ["api"], silent)
    assert (caught.value.exit_code, caught.value.fix) == (3, "coreskills start")


def test_a_restart_is_refused_at_once_when_nobody_would_obey(home: Home, other: psutil.Process):
    state.write(home, State(identity(other), [lives("api")]))
    hold(other)
    began = time.monotonic()
    with pytest.raises(StackFailed, match="stands still"):
        native.restart(home, ["api"], silent)
    assert time.monotonic() - began < 2
    assert not (home.run / "restart").exists()


def test_a_restart_ends_soon_when_the_supervisor_is_held_meanwhile(
    home: Home, other: psutil.Process
):
    state.write(home, State(identity(other), [lives("api")]))
    threading.Timer(0.5, other.suspend).start()
    began = time.monotonic()
    with pytest.raises(StackFailed, match="stands still"):
        native.restart(home, ["api"], silent)
    assert 0.4 < time.monotonic() - began < 3
    assert not (home.run / "restart").exists(), "or it would be obeyed much later"


def test_a_start_does_not_wait_for_a_supervisor_that_is_held(home: Home, other: psutil.Process):
    state.write(home, State(identity(other), [ServiceState("api", "waiting")]))
    hold(other)
    with pytest.raises(StackFailed, match="stands still"):
        native.start(home, native.Wishes(), silent)


def test_a_stop_does_not_wait_for_a_supervisor_that_is_held(home: Home, other: psutil.Process):
    state.write(home, State(identity(other), []))
    hold(other)
    began = time.monotonic()
    assert native.stop(home, silent)
    assert time.monotonic() - began < 20
    assert not other.is_running() or other.status() == psutil.STATUS_ZOMBIE
