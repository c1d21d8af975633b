import shutil

import typer

from coreskills.cli.terminal import HomeOption, Progress, YesOption, confirm, instance, say
from coreskills.stack import modes

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def reset(home: HomeOption = None, yes: YesOption = False) -> None:
    """Stop the instance and erase all of it, secrets included, after asking."""
    found = instance(home)
    confirm(f"This erases everything in {found.path}. Go on?", yes=yes)
    mode = modes.of(found)
    mode.stop(found, Progress())
    mode.erase(found)
    shutil.rmtree(found.path)
    say(f"{found.path} is erased; python3 start.py begins anew")
