"""What `status` and `check` say of the services, after the supervisor's file and the processes."""

import os
from pathlib import Path

import pytest

from coreskills.cli import check
from coreskills.stack import native, state
from coreskills.stack.home import Home
from coreskills.stack.processes import identify
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
