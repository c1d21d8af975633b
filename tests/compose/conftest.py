"""An engine, stand-ins and the stack, once for all tests of containers."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose import debian, images
from tests.compose.engine import Engine
from tests.compose.stack import NOT_RUN, Stack

FIGURES = pytest.StashKey[dict[str, float]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = {}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    figures = terminalreporter.config.stash[FIGURES]
    if not figures:
        return
    for name, seconds in figures.items():
        terminalreporter.write_line(f"containers: {name} in {seconds:.1f} s")
    for name, why in NOT_RUN.items():
        terminalreporter.write_line(f"containers: not run: {name}: {why}")


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> dict[str, float]:
    """Seconds, told at the end of the run."""
    return pytestconfig.stash[FIGURES]


@pytest.fixture(scope="session")
def engine(figures: dict[str, float]) -> Iterator[Engine]:
    if not os.environ.get("CI"):
        pytest.skip("an engine with stand-ins is set up where CI=true only: root, on Debian")
    folder = Path(tempfile.mkdtemp(prefix="coreskills-engine-"))
    began = time.monotonic()
    debian.install_host_packages()
    packages = debian.Packages(folder / "packages")
    made = Engine(folder, packages)
    try:
        made.start()
        images.make(made, packages, folder)
        figures["engine and stand-ins made"] = time.monotonic() - began
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def stack(engine: Engine, figures: dict[str, float]) -> Iterator[Stack]:
    """Built and started: every container is healthy."""
    folder = Path(tempfile.mkdtemp(prefix="coreskills-composed-"))
    made = Stack(engine, folder)
    try:
        began = time.monotonic()
        made.compose("build", "api", "worker", within=600)
        figures["images built"] = time.monotonic() - began
        began = time.monotonic()
        made.up()
        figures["first start, all healthy"] = time.monotonic() - began
        yield made
    finally:
        made.compose("down", "--volumes", "--timeout", "10", code=None)
        shutil.rmtree(folder, ignore_errors=True)
