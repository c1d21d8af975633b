"""A copy of the few files that make an environment, to be broken at will."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.e2e.wheels import Wheel, lock_line

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("start.py", "stop.py", "test.py", "coreskills", "coreskills.cmd")
BASE_PYTHON = Path(os.path.realpath(sys.executable))
ORDINARY = "nobody" if sys.platform != "win32" and os.geteuid() == 0 else None
CLI = """
import json, os, sys
words, python = sys.argv[1:], sys.executable
answer = {"argv": words, "input": sys.stdin.read(), "python": python, "umask": os.umask(0)}
print(json.dumps(answer))
sys.exit(7)
"""
PREPARE = """
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, "scripts")
from pathlib import Path
from environment.commands import explained
from environment.places import LOCK, home_folder
from environment.preparation import prepare
tests = Path("tests.lock") if "tests" in sys.argv else None
megabytes = 0 if "no-preflight" in sys.argv else 1
make = lambda: prepare(LOCK, home=home_folder([]), tests=tests, megabytes=megabytes)
print(explained(make))
"""


class Checkout:
    """A copy of the files that the bootstrap needs, with a stand-in for the CLI."""

    def __init__(self, folder: Path, state: Path) -> None:
        self.folder = folder
        self.environment = folder / ".venv"
        folder.mkdir(parents=True)
        for name in COPIED:
            shutil.copy(ROOT / name, folder)
        shutil.copytree(ROOT / "vendor", folder / "vendor")
        shutil.copytree(
            ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__")
        )
        package = folder / "src/coreskills"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(CLI)
        self.variables = clean_variables() | {"CORESKILLS_HOME": str(state), "HOME": str(state)}
        self.require(Wheel("apple"))

    def require(
        self, *wheels: Wheel, name: str = "requirements.lock", into: str = "wheels"
    ) -> None:
        for wheel in wheels:
            wheel.write(self.folder / into)
        lines = [lock_line(wheel, self.folder / into) for wheel in wheels]
        (self.folder / name).write_text("".join(lines))

    def command(self, *words: str, python: Path = BASE_PYTHON) -> list[str]:
        return [str(python), "-c", PREPARE, *words]

    def prepare(
        self, *words: str, python: Path = BASE_PYTHON, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return self.run(self.command(*words, python=python), **variables)

    def run(
        self, command: list[str], user: str | int | None = None, umask: int = -1, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.variables | variables,
            user=user,
            umask=umask,
            group="nogroup" if user else None,
            extra_groups=[] if user else None,
            input="typed in",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def begin(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words),
            cwd=self.folder,
            env=self.variables | variables,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def value_of(self, package: str) -> str:
        code = f"import {package}, coreskills; print({package}.VALUE)"
        return self.run([str(self.environment / "bin/python"), "-c", code]).stdout.strip()

    @property
    def library(self) -> Path:
        """Where this Python's packages are installed."""
        return self.environment / f"lib/python3.{sys.version_info.minor}/site-packages"

    def kill_when(self, process: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
        """Kill a process of `begin`, and pip with it, as soon as the condition holds."""
        wait_for(condition)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def ended(done: subprocess.CompletedProcess[str], code: int, *said: str) -> None:
    """The command ended with this code, and said all of this, not in a traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for text in said:
        assert text in done.stderr


def clean_variables() -> dict[str, str]:
    """This process's variables without anything that would lead pip elsewhere."""
    unwanted = ("PIP_", "PYTHON", "CORESKILLS_", "SSL_", "VIRTUAL_ENV")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(unwanted) and not name.lower().endswith("_proxy")
    } | {"PIP_CONFIG_FILE": os.devnull}


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def own(folder: Path) -> None:
    """Make a folder that belongs to the ordinary user."""
    folder.mkdir()
    if ORDINARY:
        shutil.chown(folder, ORDINARY)
