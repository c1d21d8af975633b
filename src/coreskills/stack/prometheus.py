"""The Prometheus of the native mode: what it asks, every 15 seconds, and the rules it goes by."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coreskills.errors import StackFailed
from coreskills.stack.account import Account, reachable_program

KEPT = "15d"
LARGEST = "512MB"  # whichever is reached first
PAGES = "none"  # an origin that no page has: or any site could read our figures in a browser here
MEMORY = "96MiB"  # beyond, Go collects more often; a class day then stays below 150 MB
# What it finds out in its first 5 s is lost: it does not know Alertmanager yet. With its usual
# minute, tests/e2e/test_alerting.py did not hear of it in time, one start in three. Not told anew
# for four times as long, an alert counts as over.
TOLD_AGAIN = "15s"
PERIODS = ("8h", "30d")
_PACKAGE = Path(__file__).resolve().parents[1]
_PLACES = (_PACKAGE / "observability", _PACKAGE.parents[1] / "observability")


@dataclass(frozen=True)
class Prometheus:
    """`targets`: by the name of a job, what it asks."""

    base: Path
    port: int
    program: Path
    targets: dict[str, list[str]]
    period: str = PERIODS[0]
    account: Account | None = None

    def prepare(self) -> None:
        """Write the configuration, and the rules beside it, where its account can read them."""
        folder = shipped() / "prometheus"
        shutil.rmtree(self.base / "rules", ignore_errors=True)
        shutil.copytree(folder / "rules", self.base / "rules")
        shutil.copyfile(folder / "slo" / self.period / "slo.yml", self.base / "rules" / "slo.yml")
        self._configuration.write_text(json.dumps(self.settings(), indent=2), encoding="utf-8")
        self.base.chmod(0o700)
        if self.account:
            for path in (self.base, self._configuration, *self.base.glob("rules/**")):
                shutil.chown(path, self.account.uid, self.account.gid)

    def settings(self) -> dict[str, Any]:
        """The same as observability/prometheus/prometheus.yml, with addresses of this machine."""
        managers = self.targets.get("alertmanager", [])
        return {
            "global": {
                "scrape_interval": "15s",
                "scrape_timeout": "5s",
                "evaluation_interval": "15s",
            },
            "rule_files": ["rules/*.yml"],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": managers}]}]},
            "scrape_configs": [
                {"job_name": name, "static_configs": [{"targets": targets}]}
                for name, targets in self.targets.items()
            ],
        }

    def command(self) -> list[str]:
        return [
            str(reachable_program(self.program, self.base, self.account)),
            f"--config.file={self._configuration}",
            f"--storage.tsdb.path={self.base / 'data'}",
            f"--storage.tsdb.retention.time={KEPT}",
            f"--storage.tsdb.retention.size={LARGEST}",
            f"--rules.alert.resend-delay={TOLD_AGAIN}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            f"--web.cors.origin={PAGES}",
            "--log.level=warn",
        ]

    @property
    def _configuration(self) -> Path:
        return self.base / "prometheus.yml"  # JSON is YAML, too


def shipped() -> Path:
    """The folder of rules and routes that is installed with us."""
    for place in _PLACES:
        if place.is_dir():
            return place
    raise StackFailed(
        "The rules of Prometheus are not installed with this program",
        check="prometheus.rules",
        fix="install coreskills again, or start with --no-monitoring",
    )
