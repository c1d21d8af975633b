import typer

from coreskills import config
from coreskills.cli.terminal import HomeOption, JsonOption, Progress, put_json, say
from coreskills.stack import modes
from coreskills.stack.home import Home

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def stop(home: HomeOption = None, json: JsonOption = False) -> None:
    """Stop the stack; data stays. Harmless when nothing runs."""
    found = Home(config.home(given=home))
    stopped = modes.of(found).stop(found, Progress())
    if json:
        put_json({"home": str(found.path), "stopped": stopped})
    else:
        say("stopped; the data stays" if stopped else f"nothing was running in {found.path}")
