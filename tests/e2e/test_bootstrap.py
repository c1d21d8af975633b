"""start.py, stop.py and the launchers: what they pass on, and what an old Python says."""

import json
import sys
from pathlib import Path

import pytest

from tests.e2e.checkout import BASE_PYTHON, Checkout, ended
from tests.e2e.pythons import other_python

pytestmark = pytest.mark.e2e


def test_start_passes_arguments_input_and_the_exit_code_on(checkout: Checkout) -> None:
    done = checkout.run([str(BASE_PYTHON), "start.py", "--json", "two words"])
    assert done.returncode == 7
    answer = json.loads(done.stdout)
    assert answer["argv"] == ["start", "--json", "two words"]
    assert answer["input"] == "typed in"


def test_stop_without_an_environment_makes_none(checkout: Checkout) -> None:
    done = checkout.run([str(BASE_PYTHON), "stop.py"])
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing was started" in done.stderr
    assert not checkout.environment.exists()


def test_stop_works_with_an_outdated_environment(checkout: Checkout) -> None:
    checkout.prepare()
    (checkout.folder / "requirements.lock").write_text("# newer\n")
    done = checkout.run([str(BASE_PYTHON), "stop.py", "--all"])
    assert done.returncode == 7
    assert json.loads(done.stdout)["argv"] == ["stop", "--all"]


def test_the_launcher_works_through_links_and_from_anywhere(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.prepare()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/first").symlink_to("second")
    (tmp_path / "bin/second").symlink_to(checkout.folder / "coreskills")
    (tmp_path / "json.py").write_text("raise SystemExit('an impostor')")
    checkout.folder = tmp_path  # where the command is called from
    done = checkout.run([str(tmp_path / "bin/first"), "status", "a b"])
    assert done.returncode == 7
    assert json.loads(done.stdout)["argv"] == ["status", "a b"]


def test_the_launcher_says_what_to_run_when_nothing_is_prepared(checkout: Checkout) -> None:
    for prepared in (False, True):
        done = checkout.run([str(checkout.folder / "coreskills"), "status"])
        assert (done.returncode, done.stdout) == (3, "")
        assert "python3 start.py" in done.stderr
        if not prepared:
            checkout.prepare()
            (checkout.folder / "requirements.lock").write_text("# newer\n")


def test_other_packages_on_pythonpath_do_not_get_in(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "coreskills").mkdir()
    (tmp_path / "coreskills/__init__.py").touch()
    (tmp_path / "coreskills/__main__.py").write_text("print('an impostor')")
    for command in (["start.py"], ["stop.py"]):
        done = checkout.run([str(BASE_PYTHON), *command], PYTHONPATH=str(tmp_path))
        assert done.returncode == 7
        assert "impostor" not in done.stdout
    done = checkout.run([str(checkout.folder / "coreskills")], PYTHONPATH=str(tmp_path))
    assert "impostor" not in done.stdout


@pytest.mark.parametrize("script", ["start.py", "stop.py", "test.py", "scripts/demo.py"])
@pytest.mark.parametrize("version", ["2.7", "3.6", "3.10"])
def test_an_old_python_says_what_it_needs(checkout: Checkout, script: str, version: str) -> None:
    old = other_python({version})
    done = checkout.run([str(old), script], PATH="/nonexistent")
    ended(
        done,
        4,
        f"CoreSkills needs Python 3.11 or newer; this is {version}.",
        f"python3.12 {Path(script).name}",
    )
    assert done.stdout == ""


@pytest.mark.parametrize("version", ["2.7", "3.6"])
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_an_old_python_goes_on_in_a_newer_one(
    checkout: Checkout, tmp_path: Path, version: str, locale: str
) -> None:
    old = other_python({version})
    programs = tmp_path / "Jürgens Programme"
    programs.mkdir()
    broken = programs / "python3.13"  # like a shim for a version that is not installed
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    newer = programs / f"python3.{min(sys.version_info.minor, 12)}"
    newer.symlink_to(BASE_PYTHON)
    command = [str(old), "start.py", "--json"]
    done = checkout.run(command, PATH=f"{programs}:/usr/bin:/bin", LC_ALL=locale)
    ended(done, 7, "going on with")
    assert json.loads(done.stdout)["argv"] == ["start", "--json"]


def test_a_bracket_in_the_path_cannot_end_a_block_of_the_windows_launcher(
    checkout: Checkout,
) -> None:
    lines = (checkout.folder / "coreskills.cmd").read_text().splitlines()
    assert any("%ROOT%" in line for line in lines)
    assert not [line for line in lines if line.rstrip().endswith("(")]
