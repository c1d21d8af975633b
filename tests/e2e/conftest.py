"""Whole instances as processes, through the CLI, as a person would run them."""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from coreskills.stack.client import Client
from coreskills.stack.tools import ALERTMANAGER, PROMETHEUS
from tests.conftest import missing
from tests.e2e.checkout import Checkout
from tests.ports import HIGHEST, LOWEST

PATIENCE = 120


@dataclass
class Instance:
    home: Path
    python: str = sys.executable
    popen: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def run(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """One CLI command on this home."""
        grouped = ("jobs", "db", "account", "cohort", "devices", "policies", "lifecycle", "limits")
        grouped += ("audit", "privacy", "alerts")
        place = 2 if arguments[0] in grouped else 1
        words = [*arguments[:place], "--home", str(self.home), *arguments[place:]]
        return subprocess.run(
            [self.python, "-m", "coreskills", *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            cwd="/",
            stdin=subprocess.DEVNULL,
            **self.popen,
            **more,
        )

    def start(self, *arguments: str) -> dict[str, Any]:
        done = self.run("start", "--json", "--port-base", str(free_row()), *arguments)
        assert done.returncode == 0, done.stderr
        self.facts = json.loads(done.stdout)
        return self.facts

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode in (0, 1, 7), done.stderr
        return json.loads(done.stdout)

    def stop(self) -> None:
        done = self.run("stop")
        assert done.returncode == 0, done.stderr

    @property
    def api(self) -> Client:
        return Client(self.facts["urls"]["api"], self.facts["token"])

    def pid(self, name: str) -> int:
        """0 while it is being started again."""
        services = self.json("status")["services"]
        return next(int(s["pid"] or 0) for s in services if s["name"] == name)

    def supervisor(self) -> int:
        state = json.loads((self.home / "run" / "state.json").read_text())
        return int(state["supervisor"]["pid"])

    def processes(self) -> list[psutil.Process]:
        """Whose command line, working folder or environment is of this home, zombies aside."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                return False
            mark = str(self.home)
            seen = [*process.cmdline(), process.cwd(), *process.environ().values()]
            return any(mark in text for text in seen)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False


def free_row() -> int:
    """The first of twelve free ports in a row, below those that outgoing connections are given."""
    while True:
        base = random.SystemRandom().randint(LOWEST, HIGHEST)
        if all(_free(base + offset) for offset in range(12)):
            return base


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.fixture(scope="module")
def reachable() -> Iterator[Path]:
    """A folder that other accounts may pass through, as /tmp/pytest-of-root is not."""
    path = Path(tempfile.mkdtemp(prefix="coreskills-e2e-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def new_instance(reachable: Path) -> Iterator[Callable[..., Instance]]:
    made: list[Instance] = []

    def make(home: Path | None = None, **more: Any) -> Instance:
        place = home or Path(tempfile.mkdtemp(dir=reachable)) / "home"
        place.parent.chmod(0o755)
        made.append(Instance(place, **more))
        return made[-1]

    yield make
    for instance in made:
        instance.run("stop")


@pytest.fixture(scope="module")
def running(reachable: Path) -> Iterator[Instance]:
    """One seeded instance for the tests that only look."""
    instance = Instance(reachable / "running")
    instance.start()
    yield instance
    instance.stop()


@pytest.fixture
def monitored() -> None:
    """Prometheus and Alertmanager are there to be found."""
    for names in (PROMETHEUS.programs, ALERTMANAGER.programs):
        if not any(shutil.which(name) for name in names):
            missing(names[0])


@pytest.fixture
def posix() -> None:
    if sys.platform == "win32":
        pytest.skip("needs users, signals and mounts of POSIX systems")


@pytest.fixture
def checkout(posix: None, tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "a checkout", tmp_path / "state")


@pytest.fixture
def online(checkout: Checkout) -> Checkout:
    """A checkout without a wheels folder: its packages have to come from an index."""
    (checkout.folder / "wheels").rename(checkout.folder / "served")
    return checkout


@pytest.fixture
def small_disk(posix: None, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def public_folder(posix: None) -> Iterator[Path]:
    """A folder that every user can reach; pytest's own are private to one."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
