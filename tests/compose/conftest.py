"""An engine, stand-ins and the stack, once for all tests of containers."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose import laboratory
from tests.compose.engine import Engine
from tests.compose.stack import NOT_RUN, Stack
from tests.conftest import missing

FIGURES = pytest.StashKey[dict[str, float]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine-folder", type=Path, help="where packages and images are kept")


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
def engine(pytestconfig: pytest.Config, figures: dict[str, float]) -> Iterator[Engine]:
    kept: Path | None = pytestconfig.getoption("--engine-folder", None)
    if not os.environ.get("CI") and not kept:
        pytest.skip("not run: an engine is started in CI, or with --engine-folder FOLDER")
    if reason := laboratory.obstacle():
        missing(reason)
    folder = kept or Path(tempfile.mkdtemp(prefix="coreskills-engine-"))
    began = time.monotonic()
    try:
        with laboratory.engine(folder) as made:
            figures["engine and stand-ins made"] = time.monotonic() - began
            yield made
    finally:
        if not kept:
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
