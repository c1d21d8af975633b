from dataclasses import asdict

import typer

from coreskills.cli.terminal import HomeOption, JsonOption, instance, put_json, say, table
from coreskills.stack import alerts, modes, monitoring

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def status(home: HomeOption = None, json: JsonOption = False) -> None:
    """Which services run, where, with how much memory. Exit 3: not running; 1: something failed."""
    found = instance(home)
    mode, facts = modes.of(found), found.instance()
    trouble = mode.trouble(found)
    services = [asdict(service) for service in mode.status(found)]
    memory = round(mode.resident_mebibytes(found), 1)
    engine = mode.engine_of(found)
    absent, firing = monitoring.missing(facts), alerts.told(found, firing=True)
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
                "alerts": firing,
                "trouble": {"why": trouble.message, "fix": trouble.fix} if trouble else None,
            }
        )
    elif services:
        table(services, ["name", "state", "pid", "port", "restarts"])
        say(f"mode {facts['mode']}, queue {facts['queue']}, engine {engine.name}, {memory} MiB")
        if trouble:
            say(f"{trouble.message}; {trouble.fix}")
        for name, each in absent.items():
            say(f"{name} not run: {each.why}; {each.fix}")
        for alert in firing:
            say(f"alert {alert['name']} since {alert['began_at']}: {alert['summary']}")
    if not services:
        say(f"nothing runs in {found.path}; coreskills start")
        raise typer.Exit(3)
    if trouble or not running:
        raise typer.Exit(1)
