"""The stack of compose.yaml as the tests start it: unchanged, without what has no stand-in."""

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

from coreskills.actions.tokens import new_token
from coreskills.stack import container_secrets
from coreskills.stack.client import Client
from coreskills.stack.home import Home
from tests.compose.engine import Engine
from tests.compose.images import LOCK
from tests.compose.programs import ROOT

SERVICES = ("postgres", "redis", "api", "worker", "prometheus")
NOT_RUN = {
    "grafana": "there is no image of it here, and no package to make one from",
    "the PowerShell stage of the worker": "Microsoft's image cannot be pulled here",
}
TRUSTED_HERE = Path("/etc/ssl/certs/ca-certificates.crt")  # knows whoever signs for the index
RECOVERED_WITHIN = 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stack:
    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.home = Home(folder)
        self.home.create(None)
        self.home.generate_secrets(new_token())
        self.ports = {"api": free_port(), "prometheus": free_port()}
        self._settings = folder / "compose.env"
        self._settings.write_text(
            f"CORESKILLS_SECRETS={container_secrets.write(self.home)}\n"
            f"CORESKILLS_API_PORT={self.ports['api']}\n"
            f"CORESKILLS_PROMETHEUS_PORT={self.ports['prometheus']}\n"
            "CORESKILLS_WORKER_TARGET=worker-native\n"
            f"CORESKILLS_EXTRA_CA={TRUSTED_HERE}\n"
        )
        self.project = f"coreskills-test-{os.getpid()}"
        self.api = Client(
            f"http://127.0.0.1:{self.ports['api']}", self.home.secret("operator_token")
        )

    def compose(self, *arguments: str, within: float = 300, code: int | None = 0) -> str:
        files = ("--env-file", str(LOCK), "--env-file", str(self._settings))
        place = ("--project-directory", str(ROOT), "--project-name", self.project)
        return self.engine.docker("compose", *place, *files, *arguments, within=within, code=code)

    def up(self) -> None:
        self.compose("up", "--detach", "--no-build", "--wait", "--wait-timeout", "120", *SERVICES)

    def state(self, service: str) -> dict[str, Any]:
        """What the engine knows of the container, however often it was started again."""
        found = self.compose("ps", "--all", "--quiet", service).split()
        inspected: list[dict[str, Any]] = json.loads(self.engine.docker("inspect", found[0]))
        return inspected[0]

    def inside(self, service: str, *command: str, code: int | None = 0) -> str:
        return self.compose("exec", "--no-TTY", service, *command, code=code)

    def recovery(self, service: str) -> float:
        """Seconds until the engine calls it healthy, after a kill that nobody asked for."""
        before = self.state(service)["State"]
        began = time.monotonic()
        os.kill(before["Pid"], 9)
        while time.monotonic() < began + RECOVERED_WITHIN:
            now = self.state(service)["State"]
            if now["StartedAt"] != before["StartedAt"] and _healthy(now):
                return time.monotonic() - began
            time.sleep(0.1)
        raise AssertionError(f"{service} has not recovered: {now}")

    def self_test(self, seconds: float = 30) -> dict[str, Any]:
        job = self.api.post("/api/v1/jobs", {"type": "self_test"})
        return self.api.wait_for_job(job["job_id"], seconds)


def _healthy(state: dict[str, Any]) -> bool:
    return bool(state["Running"] and state.get("Health", {}).get("Status") == "healthy")
