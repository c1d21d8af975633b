"""The alerts that the receiver of an instance has heard, in either mode."""

from datetime import UTC, datetime
from typing import Any

from coreskills.alerting import journal
from coreskills.alerting.journal import Alert
from coreskills.stack import compose, native
from coreskills.stack.home import Home

KEPT = "/var/lib/coreskills/alerts.jsonl"  # in its container: compose.yaml


def told(home: Home, *, firing: bool = False, watchdog: bool = False) -> list[dict[str, Any]]:
    """As people and programs are shown them, newest first; `firing`: only what holds now."""
    now = datetime.now(UTC)
    alerts, since = _in_containers(home) if _is_composed(home) else _native(home, now)
    return [
        journal.told(alert, now, since)
        for alert in alerts
        if (watchdog or alert.name != journal.WATCHDOG)
        and (not firing or alert.state(now, since) == "firing")
    ]


def _is_composed(home: Home) -> bool:
    return bool(home.instance()["mode"] == "compose")


def _native(home: Home, now: datetime) -> tuple[list[Alert], datetime]:
    return journal.read(home.alerts), native.started(home, "alertmanager") or now


def _in_containers(home: Home) -> tuple[list[Alert], None]:
    """They are in a volume: while the receiver does not run, nothing is known of them."""
    if not any(s.name == "receiver" and s.state == "running" for s in compose.status(home)):
        return [], None
    return journal.parsed(compose.inside(home, "receiver", "cat", KEPT)), None
