"""Where an environment is made, and what is left alone."""

import json
import os
from pathlib import Path

import pytest

from tests.e2e.checkout import BASE_PYTHON, ORDINARY, Checkout, ended, own
from tests.e2e.pythons import ordinary_python

pytestmark = pytest.mark.e2e
NOBODY_AT_ALL = 54321  # no such user id
LOCALES = {
    "C": {"LC_ALL": "C"},
    "UTF-8": {"LC_ALL": "C.UTF-8"},
    "ASCII": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


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


def test_somebody_elses_folder_is_not_removed_from_the_former_environments_place(
    checkout: Checkout,
) -> None:
    thesis = checkout.folder / ".venv.old/thesis.txt"
    thesis.parent.mkdir()
    thesis.write_text("the only copy")
    ended(checkout.prepare(), 4, ".venv.old is in the way")
    assert thesis.read_text() == "the only copy"


@pytest.mark.parametrize("target", [".venv", "nowhere", "a file"])
def test_a_link_that_leads_to_no_folder_is_in_the_way(checkout: Checkout, target: str) -> None:
    (checkout.folder / "a file").touch()
    checkout.environment.symlink_to(target)
    ended(checkout.prepare(), 4, "is in the way")
    assert checkout.environment.is_symlink()


@pytest.mark.parametrize("made_in", ["C", "UTF-8"])
@pytest.mark.parametrize("used_in", LOCALES)
def test_a_path_may_have_letters_that_the_locale_does_not_know(
    tmp_path: Path, made_in: str, used_in: str
) -> None:
    checkout = Checkout(tmp_path / "Schülerübung", tmp_path / "state")
    ended(checkout.prepare(**LOCALES[made_in]), 0)
    start, launcher = [str(BASE_PYTHON), "start.py"], [str(checkout.folder / "coreskills"), "start"]
    for command in (start, launcher):
        done = checkout.run(command, **LOCALES[used_in])
        ended(done, 7)
        assert done.stderr == "", "nothing should be left to prepare"


def test_a_private_umask_does_not_keep_the_servers_account_out(public_folder: Path) -> None:
    checkout = Checkout(public_folder / "checkout", public_folder / "state")
    started = checkout.run([str(BASE_PYTHON), "start.py"], umask=0o077)
    assert json.loads(started.stdout)["umask"] == 0o077, "its own files are nobody else's business"
    import_it = f"import sys; sys.path.append({str(checkout.library)!r}); import apple"
    done = checkout.run([str(ordinary_python()), "-c", import_it], user=ORDINARY)
    ended(done, 0)


@pytest.mark.parametrize("name", ["a:b", os.fsdecode(b"caf\xe9")])
def test_a_path_that_no_environment_can_have_is_named(tmp_path: Path, name: str) -> None:
    done = Checkout(tmp_path / name, tmp_path / "state").prepare()
    ended(done, 4, "There can be no Python environment in", "Rename or move the folder")


@pytest.mark.parametrize("words", [[], ["--home=~nobody-has-this-name/state"]])
@pytest.mark.parametrize("script", ["start.py", "stop.py"])
def test_a_user_without_a_home_is_asked_for_a_folder(
    public_folder: Path, script: str, words: list[str]
) -> None:
    if not ORDINARY:
        pytest.skip("only root can become a user who does not exist")
    checkout = Checkout(public_folder / "checkout", public_folder / "closed")
    for name in ("HOME", "CORESKILLS_HOME"):
        del checkout.variables[name]
    done = checkout.run([str(ordinary_python()), script, *words], user=NOBODY_AT_ALL)
    ended(done, 4, "--home FOLDER")
