"""The environment before any package is installed: real Pythons, real installations."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.checkout import BASE_PYTHON, PREPARE, ROOT, Checkout
from tests.e2e.pythons import other_python, python_without_ensurepip
from tests.e2e.wheels import Wheel

pytestmark = pytest.mark.e2e


def test_the_packages_of_the_lock_and_our_own_source_can_be_imported(checkout: Checkout) -> None:
    done = checkout.prepare()
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(checkout.environment / "bin/python")
    assert checkout.value_of("apple") == "42"


def test_a_second_run_does_nothing_and_is_quick(checkout: Checkout) -> None:
    checkout.prepare()
    before = (checkout.environment / "complete").stat().st_mtime_ns
    code = PREPARE.replace(
        "print(explained(make))",
        "import time; t = time.perf_counter(); make(); print(time.perf_counter() - t)",
    )
    again = checkout.run([str(BASE_PYTHON), "-c", code])
    assert again.stderr == ""
    assert float(again.stdout) < 0.03
    assert (checkout.environment / "complete").stat().st_mtime_ns == before


def test_everything_is_compiled_even_where_python_is_told_not_to(checkout: Checkout) -> None:
    checkout.prepare(PYTHONDONTWRITEBYTECODE="1")
    assert list((checkout.library / "apple").glob("__pycache__/__init__.*.pyc"))
    assert list(checkout.folder.glob("src/coreskills/__pycache__/__main__.*.pyc"))


def test_a_python_without_ensurepip_is_enough(checkout: Checkout, tmp_path: Path) -> None:
    python = python_without_ensurepip(tmp_path / "distribution")
    ordinary = checkout.run([str(python), "-m", "venv", str(tmp_path / "ordinary")])
    assert ordinary.returncode != 0, "this Python should not be able to install pip"
    done = checkout.prepare(python=python)
    assert done.returncode == 0, done.stderr
    assert checkout.value_of("apple") == "42"


def test_test_packages_come_on_top_of_the_same_environment(checkout: Checkout) -> None:
    checkout.prepare()
    before = (checkout.environment / "complete").read_text()
    checkout.require(Wheel("apple"), Wheel("berry"), name="tests.lock")
    assert checkout.prepare("tests").returncode == 0
    assert (checkout.value_of("apple"), checkout.value_of("berry")) == ("42", "42")
    assert (checkout.environment / "complete").read_text() == before
    assert checkout.prepare("tests").stderr == ""
    assert checkout.prepare().stderr == ""


def test_a_package_that_was_deleted_comes_back(checkout: Checkout) -> None:
    checkout.prepare()
    shutil.rmtree(checkout.library / "apple")
    done = checkout.prepare()
    assert done.returncode == 0
    assert "apple is missing" in done.stderr
    assert checkout.value_of("apple") == "42"


def test_a_moved_checkout_gets_a_new_environment(checkout: Checkout, tmp_path: Path) -> None:
    checkout.prepare()
    checkout.folder = checkout.folder.rename(tmp_path / "moved")
    checkout.environment = checkout.folder / ".venv"
    assert "in another folder" in checkout.prepare().stderr
    origin = "import coreskills; print(coreskills.__file__)"
    found = checkout.run([str(checkout.environment / "bin/python"), "-c", origin])
    assert str(tmp_path / "moved") in found.stdout


def test_an_environment_whose_python_is_gone_is_rebuilt(checkout: Checkout) -> None:
    checkout.prepare()
    python = checkout.environment / "bin/python"
    python.unlink()
    python.symlink_to("/nonexistent/python3")
    assert "bin/python is missing" in checkout.prepare().stderr
    assert checkout.value_of("apple") == "42"


def test_an_environment_of_another_python_version_is_rebuilt(checkout: Checkout) -> None:
    other = other_python({"3.11", "3.12", "3.13"} - {f"3.{sys.version_info.minor}"})
    checkout.prepare(python=other)
    assert "for another Python" in checkout.prepare().stderr
    assert checkout.value_of("apple") == "42"


@pytest.mark.timeout(900)
def test_the_real_lock_installs_and_imports(checkout: Checkout) -> None:
    shutil.rmtree(checkout.folder / "wheels")
    shutil.copy(ROOT / "requirements.lock", checkout.folder)
    checkout.variables = dict(os.environ) | {"CORESKILLS_HOME": checkout.variables["HOME"]}
    done = subprocess.run(
        checkout.command(),
        cwd=checkout.folder,
        env=checkout.variables,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    if "index cannot be reached" in done.stderr and os.environ.get("CI") != "true":
        pytest.skip("no package index can be reached from here")
    assert done.returncode == 0, done.stderr
    imports = "apiflask, argon2, fasteners, granian, jwt, orjson, prometheus_client, psutil"
    imports += ", psycopg, psycopg_pool, pydantic, redis, rich, structlog, typer, cryptography"
    python = str(checkout.environment / "bin/python")
    assert checkout.run([python, "-c", f"import {imports}"]).returncode == 0
