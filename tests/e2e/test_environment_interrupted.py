"""Installations that are killed, fail, or are not alone."""

import os
import signal

import pytest

from tests.e2e.checkout import BASE_PYTHON, PREPARE, Checkout, alive, ended, wait_for
from tests.e2e.package_index import address, serving
from tests.e2e.wheels import Wheel, of_many_files

pytestmark = pytest.mark.e2e
DIE_AT_THE_SECOND_REMOVAL = """
import os, signal, sys
removed = []
def hook(event, arguments):
    if event in ("os.remove", "os.rmdir") and os.path.basename(arguments[0]) != "complete":
        removed.append(arguments[0])
        if len(removed) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
"""


@pytest.mark.parametrize(
    "moment", ["apple", "slow/file9.py", "slow/file900.py", "slow-1.0.dist-info"]
)
def test_after_kill_9_during_the_installation_the_next_run_repairs(
    checkout: Checkout, moment: str
) -> None:
    checkout.require(Wheel("apple"), of_many_files("slow"), Wheel("zebra"))
    checkout.kill_when(checkout.begin(), (checkout.library / moment).exists)
    assert not (checkout.environment / "complete").exists()
    done = checkout.prepare()
    assert done.returncode == 0, done.stderr
    assert "was not finished" in done.stderr
    assert {checkout.value_of(name) for name in ("apple", "slow", "zebra")} == {"42"}


@pytest.mark.parametrize(
    ("moment", "repaired"), [("install-tests.log", False), ("slow/file900.py", True)]
)
def test_start_repairs_what_a_killed_test_installation_has_touched(
    online: Checkout, moment: str, repaired: bool
) -> None:
    online.require(Wheel("apple"), of_many_files("slow"), name="tests.lock", into="served")
    with serving(online.folder / "served") as index:
        index.open.set()
        url = address(index)
        assert online.prepare(PIP_INDEX_URL=url).returncode == 0
        if not repaired:
            index.open.clear()
        process = online.begin("tests", PIP_INDEX_URL=url)
        folder = online.library if repaired else online.environment
        online.kill_when(process, (folder / moment).exists)
        index.open.set()
        done = online.prepare(PIP_INDEX_URL=url)
        assert done.returncode == 0, done.stderr
        assert ("test packages was not finished" in done.stderr) == repaired
        assert online.prepare("tests", PIP_INDEX_URL=url).returncode == 0
    assert online.value_of("slow") == "42"


def test_a_failed_renewal_leaves_the_former_environment_in_place(checkout: Checkout) -> None:
    checkout.prepare()
    lock = checkout.folder / "requirements.lock"
    former = lock.read_text()
    lock.write_text(former + f"missing==1.0 --hash=sha256:{'0' * 64}\n")
    failed = checkout.prepare()
    ended(failed, 1, "must hold a wheel of every package")
    assert checkout.value_of("apple") == "42"
    lock.write_text(former)
    assert checkout.prepare().stderr == "", "the former environment should still be complete"


def test_a_second_process_waits_for_the_first_and_says_so(online: Checkout) -> None:
    with serving(online.folder / "served") as index:
        first = online.begin(PIP_INDEX_URL=address(index))
        assert index.asked.wait(30)
        second = online.begin(PIP_INDEX_URL=address(index))
        assert second.stderr is not None
        assert "waiting for it" in second.stderr.readline()
        index.open.set()
        assert second.communicate(timeout=60)[1] == "", "the second had nothing left to do"
        first.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0)
    assert online.value_of("apple") == "42"


def test_the_pip_of_a_killed_start_is_waited_for(online: Checkout) -> None:
    with serving(online.folder / "served") as index:
        first = online.begin(PIP_INDEX_URL=address(index))
        assert index.asked.wait(30)
        first.kill()
        first.communicate()
        assert alive(first.pid), "pip should have outlived its parent"
        second = online.begin(PIP_INDEX_URL=address(index))
        assert second.stderr is not None
        assert "waiting for it" in second.stderr.readline()
        index.open.set()
        rest = second.communicate(timeout=60)[1]
        assert second.returncode == 0, rest
        wait_for(lambda: not alive(first.pid))
    assert online.value_of("apple") == "42"


def test_after_ctrl_c_pip_has_ended_and_the_former_environment_is_back(online: Checkout) -> None:
    with serving(online.folder / "served") as index:
        index.open.set()
        assert online.prepare(PIP_INDEX_URL=address(index)).returncode == 0
        former = (online.environment / "complete").read_text()
        index.open.clear()
        index.asked.clear()
        with (online.folder / "requirements.lock").open("a") as lock:
            lock.write("# newer\n")
        process = online.begin(PIP_INDEX_URL=address(index))
        assert index.asked.wait(30)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does it
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 130
        assert "Interrupted" in said
        assert not alive(process.pid)
    assert (online.environment / "complete").read_text() == former


def test_a_removal_that_is_killed_at_every_file_still_comes_to_an_end(checkout: Checkout) -> None:
    for name in ("pyvenv.cfg", "install.log", *"abcdefgh"):
        folder = checkout.environment if "." in name else checkout.environment / "lib"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    done = checkout.run([str(BASE_PYTHON), "-c", DIE_AT_THE_SECOND_REMOVAL + PREPARE])
    deaths = 0
    while done.returncode == -signal.SIGKILL:
        deaths += 1
        done = checkout.run([str(BASE_PYTHON), "-c", DIE_AT_THE_SECOND_REMOVAL + PREPARE])
    ended(done, 0)
    assert deaths >= 10
    assert checkout.value_of("apple") == "42"
