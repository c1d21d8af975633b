"""A Docker engine of the tests' own, in a folder; ended by its pid."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.compose.debian import Packages
from tests.compose.programs import ROOT, run

PACKAGES = ["docker.io", "docker-cli", "containerd", "docker-compose", "docker-buildx", "tini"]
POOL = "base=10.214.64.0/18,size=24"  # nobody else's, and no network of the host's
PATIENCE = 30.0


class Engine:
    def __init__(self, folder: Path, packages: Packages) -> None:
        self._folder = folder
        programs = packages.unpack(PACKAGES, folder / "engine")
        self.environment = {
            "PATH": f"{programs}/usr/bin:{programs}/usr/sbin:{os.environ['PATH']}",
            "DOCKER_HOST": f"unix://{folder}/docker.sock",
            "DOCKER_CONFIG": str(folder / "config"),
            "HOME": str(folder),
        }
        plugins = folder / "config" / "cli-plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        for plugin in (programs / "usr/libexec/docker/cli-plugins").iterdir():
            (plugins / plugin.name).unlink(missing_ok=True)
            (plugins / plugin.name).symlink_to(plugin)

    def docker(self, *arguments: str | Path, within: float = 120, code: int | None = 0) -> str:
        """What it says on stdout."""
        command = ["docker", *arguments]
        return run(command, env=self.environment, within=within, code=code).stdout

    def config(self, *arguments: str) -> tuple[str, str]:
        """compose.yaml as Compose renders it, and what it complains about."""
        lock = ROOT / "deploy" / "images.lock"
        place = ("--project-directory", ROOT, "--env-file", lock, "--profile", "*")
        variables = self.environment | {"CORESKILLS_SECRETS": "/home/secrets"}
        done = run(["docker", "compose", *place, "config", *arguments], env=variables)
        return done.stdout, done.stderr

    def has(self, image: str) -> bool:
        return self.docker("images", "--quiet", image).strip() != ""

    @contextmanager
    def running(self) -> Iterator[None]:
        """From when it answers."""
        command = [
            *("dockerd", "--data-root", self._folder / "data", "--exec-root", self._folder / "run"),
            *("--pidfile", self._folder / "dockerd.pid", "--default-address-pool", POOL),
            *("--host", self.environment["DOCKER_HOST"]),
        ]
        with (self._folder / "dockerd.log").open("wb") as log:
            process = subprocess.Popen(
                [str(word) for word in command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait_for(process)
            yield
        finally:
            _end(process)

    def _wait_for(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.docker("version", "--format", "{{.Server.Version}}", code=None).strip():
            if process.poll() is not None or time.monotonic() > deadline:
                end = (self._folder / "dockerd.log").read_text()[-3000:]
                raise AssertionError(f"dockerd does not answer:\n{end}")
            time.sleep(0.2)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
