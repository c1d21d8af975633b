"""Where an environment is made, and what is left alone."""

import json
from pathlib import Path

import pytest

from tests.e2e.checkout import ORDINARY, Checkout, ended, own
from tests.e2e.pythons import ordinary_python

pytestmark = pytest.mark.e2e


def test_somebody_elses_folder_is_not_removed(checkout: Checkout) -> None:
    checkout.environment.mkdir()
    (checkout.environment / "thesis.txt").write_text("the only copy")
    done = checkout.prepare()
    ended(done, 4, "is in the way")
    assert (checkout.environment / "thesis.txt").read_text() == "the only copy"


def test_an_ordinary_user_on_a_read_only_checkout_gets_it_in_the_home(public_folder: Path) -> None:
    state = public_folder / "state"
    own(state)
    checkout = Checkout(public_folder / "checkout", state)
    checkout.folder.chmod(0o555)
    done = checkout.run(checkout.command(python=ordinary_python()), user=ORDINARY)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(state / "environment/bin/python")
    started = checkout.run([str(checkout.folder / "coreskills"), "status"], user=ORDINARY)
    assert json.loads(started.stdout)["python"] == str(state / "environment/bin/python")
    assert not checkout.environment.exists()


def test_a_home_given_as_an_argument_comes_first(public_folder: Path) -> None:
    checkout = Checkout(public_folder / "checkout", public_folder / "closed")
    mine = public_folder / "mine"
    own(mine)
    checkout.variables["HOME"] = str(public_folder)
    checkout.folder.chmod(0o555)
    python = str(ordinary_python())
    for command in ([python, "start.py"], ["./coreskills", "status"]):
        for option in (["--home", str(mine)], [f"--home={mine}"], ["--home=~/mine"]):
            done = checkout.run([*command, *option], user=ORDINARY)
            assert done.returncode == 7, done.stderr
            assert json.loads(done.stdout)["python"] == str(mine / "environment/bin/python")


def test_without_any_writable_folder_a_home_is_asked_for(public_folder: Path) -> None:
    checkout = Checkout(public_folder / "checkout", public_folder / "closed")
    checkout.folder.chmod(0o555)
    public_folder.chmod(0o555)
    done = checkout.run(checkout.command(python=ordinary_python()), user=ORDINARY)
    public_folder.chmod(0o755)
    ended(done, 4, "--home FOLDER")
