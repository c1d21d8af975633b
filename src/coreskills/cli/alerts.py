from datetime import UTC, datetime
from typing import Annotated

import typer

from coreskills.alerting import journal
from coreskills.alerting.journal import Alert
from coreskills.cli.terminal import HomeOption, JsonOption, instance, put_json, say, table
from coreskills.stack import compose, monitoring, native
from coreskills.stack.home import Home

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="What Alertmanager has told: what fires, and what has fired.",
    no_args_is_help=True,
)
KEPT = "/var/lib/coreskills/alerts.jsonl"  # compose.yaml
COLUMNS = ["state", "severity", "name", "began_at", "ended_at", "summary"]


@app.callback()
def alerts() -> None:
    pass


@app.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="The watchdog, too")] = False,
    firing: Annotated[bool, typer.Option("--firing", help="Only what holds now")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Alerts, newest first; also when nothing runs any more."""
    found = instance(home)
    now = datetime.now(UTC)
    heard, since = _in_containers(found) if _is_composed(found) else _native(found, now)
    rows = [
        journal.told(alert, now, since)
        for alert in heard
        if (all_ or alert.name != journal.WATCHDOG)
        and (not firing or alert.state(now, since) == "firing")
    ]
    if json:
        put_json({"alerts": rows})
        return
    table(rows, COLUMNS)
    for name, absent in monitoring.missing(found.instance()).items():
        say(f"{name} is not run: {absent.why}; {absent.fix}")


def _is_composed(home: Home) -> bool:
    return bool(home.instance()["mode"] == "compose")


def _native(home: Home, now: datetime) -> tuple[list[Alert], datetime]:
    return journal.read(home.alerts), native.started(home, "alertmanager") or now


def _in_containers(home: Home) -> tuple[list[Alert], None]:
    """Raises StackFailed where the profile `alerting` is not started."""
    compose.container(home, "receiver")
    return journal.parsed(compose.inside(home, "receiver", "cat", KEPT)), None
