"""A Prometheus of the test's own, that scrapes each second what it is told to."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from tests.conftest import missing
from tests.ports import free_port

Sample = tuple[dict[str, str], float]
PATIENCE = 30.0


@dataclass(frozen=True)
class Prometheus:
    url: str

    def ask(self, query: str) -> list[Sample]:
        """At this moment."""
        data = self._get("query", query=query)
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(row["metric"], float(row["value"][1])) for row in data["result"]]

    def wait_for(self, query: str) -> list[Sample]:
        """Until it is answered with something."""
        deadline = time.monotonic() + PATIENCE
        while not (found := self.ask(query)):
            assert time.monotonic() < deadline, f"{query} is still empty"
            time.sleep(0.2)
        return found

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, what: str, **query: str) -> Any:
        with urlopen(f"{self.url}/api/v1/{what}?{urlencode(query)}", timeout=10) as answer:
            return json.load(answer)["data"]


@contextmanager
def prometheus(
    folder: Path,
    targets: dict[str, list[int]],
    rules: list[Path] | None = None,
    every: str = "1s",
) -> Iterator[Prometheus]:
    """`targets`: the ports of each job. Skips, or fails in CI, where there is no Prometheus."""
    program = shutil.which("prometheus")
    if program is None:
        missing("prometheus (Debian: prometheus)")
    scrapes = [
        {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{p}" for p in ports]}]}
        for job, ports in targets.items()
    ]
    timing = {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": "1s"}
    config = {
        "global": timing,
        "scrape_configs": scrapes,
        "rule_files": [str(path) for path in rules or []],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(
            [
                str(program),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        made = Prometheus(f"http://127.0.0.1:{port}")
        _wait_until_ready(made.url, process, folder / "prometheus.log")
        yield made
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urlopen(f"{url}/-/ready", timeout=2):
                return
        except (URLError, OSError):
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(0.1)
