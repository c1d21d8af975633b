from typing import Annotated

import typer

from coreskills.cli.terminal import HomeOption, JsonOption, Progress, instance, put_json, say
from coreskills.stack import modes

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def restart(
    services: Annotated[list[str] | None, typer.Argument(help="api, worker, worker-1 ...")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Restart the API and the workers one after the other; no request and no job is lost."""
    found = instance(home)
    restarted = modes.of(found).restart(found, services or [], Progress())
    if json:
        put_json({"home": str(found.path), "restarted": restarted})
    else:
        say("restarted " + ", ".join(restarted))
