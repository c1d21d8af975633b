from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import typer

from coreskills.alerting import journal
from coreskills.cli.terminal import HomeOption, JsonOption, instance, put_json, say, table
from coreskills.stack import modes, monitoring, native
from coreskills.stack.home import Home
from coreskills.stack.services import ONCE

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def status(home: HomeOption = None, json: JsonOption = False) -> None:
    """Which services run, where, with how much memory. Exit 3: not running; 1: something failed."""
    found = instance(home)
    mode, facts = modes.of(found), found.instance()
    services = [asdict(service) for service in mode.status(found) if service.name != ONCE]
    memory = round(mode.resident_mebibytes(found), 1)
    engine = mode.engine_of(found)
    absent, alerts = monitoring.missing(facts), _firing(found)
    running = bool(services) and all(service["state"] == "running" for service in services)
    if json:
        put_json(
            {
                "home": str(found.path),
                "mode": facts["mode"],
                "running": running,
                "queue": facts["queue"],
                "engine": engine.name,
                "engine_why": engine.why,
                "memory_mib": memory,
                "services": services,
                "not_run": {name: asdict(each) for name, each in absent.items()},
                "alerts": alerts,
            }
        )
    elif services:
        table(services, ["name", "state", "pid", "port", "restarts"])
        say(f"mode {facts['mode']}, queue {facts['queue']}, engine {engine.name}, {memory} MiB")
        for name, each in absent.items():
            say(f"{name} not run: {each.why}; {each.fix}")
        for alert in alerts:
            say(f"alert {alert['name']} since {alert['began_at']}: {alert['summary']}")
    if not services:
        say(f"nothing runs in {found.path}; coreskills start")
        raise typer.Exit(3)
    if not running:
        raise typer.Exit(1)


def _firing(home: Home) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    alerts = [a for a in journal.read(home.alerts) if a.name != journal.WATCHDOG]
    since = native.started(home, "alertmanager") or now
    return [journal.told(a, now, since) for a in alerts if a.state(now, since) == "firing"]
