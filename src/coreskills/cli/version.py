import platform

import typer

from coreskills import __version__
from coreskills.cli.terminal import JsonOption, put, put_json

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def version(json: JsonOption = False) -> None:
    """Print the version."""
    if json:
        put_json({"version": __version__, "python": platform.python_version()})
    else:
        put(f"coreskills {__version__}")
