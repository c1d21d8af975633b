"""A Docker engine of the tests' own, in a folder; ended by its pid."""

import os
import signal
import subprocess
import time
from pathlib import Path

from tests.compose.debian import Packages
from tests.compose.programs import run

PACKAGES = ["docker.io", "docker-cli", "containerd", "docker-compose", "docker-buildx"]
POOL = "base=10.214.64.0/18,size=24"  # nobody else's, and no network of the host's
PATIENCE = 30.0


class Engine:
    def __init__(self, folder: Path, packages: Packages) -> None:
        self._folder = folder
        self._programs = folder / "engine"
        packages.unpack(PACKAGES, self._programs)
        self.environment = {
            "PATH": f"{self._programs}/usr/bin:{self._programs}/usr/sbin:{os.environ['PATH']}",
            "DOCKER_HOST": f"unix://{folder}/docker.sock",
            "DOCKER_CONFIG": str(folder / "config"),
            "HOME": str(folder),
        }
        plugins = folder / "config" / "cli-plugins"
        plugins.mkdir(parents=True)
        for plugin in (self._programs / "usr/libexec/docker/cli-plugins").iterdir():
            (plugins / plugin.name).symlink_to(plugin)
        self._process: subprocess.Popen[bytes] | None = None

    def docker(self, *arguments: str | Path, within: float = 120, code: int | None = 0) -> str:
        return run(["docker", *arguments], env=self.environment, within=within, code=code)

    def start(self) -> None:
        """Waits until it answers."""
        folder = self._folder
        command = [
            *("dockerd", "--data-root", folder / "data", "--exec-root", folder / "exec"),
            *("--pidfile", folder / "dockerd.pid", "--host", self.environment["DOCKER_HOST"]),
            *("--default-address-pool", POOL),
        ]
        with (folder / "dockerd.log").open("wb") as log:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + PATIENCE
        while not self.docker("version", "--format", "{{.Server.Version}}", code=None).strip():
            if self._process.poll() is not None or time.monotonic() > deadline:
                end = (folder / "dockerd.log").read_text()[-3000:]
                raise AssertionError(f"dockerd does not answer:\n{end}")
            time.sleep(0.2)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
