from typing import Annotated

import typer

from coreskills.cli.terminal import HomeOption, JsonOption, instance, put_json, say, table
from coreskills.stack import alerts as heard
from coreskills.stack import monitoring

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="What Alertmanager has told: what fires, and what has fired.",
    no_args_is_help=True,
)
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
    """Alerts, newest first. Without containers also when nothing runs any more."""
    found = instance(home)
    rows = heard.told(found, firing=firing, watchdog=all_)
    if json:
        put_json({"alerts": rows})
        return
    table(rows, COLUMNS)
    for name, absent in monitoring.missing(found.instance()).items():
        say(f"{name} is not run: {absent.why}; {absent.fix}")
