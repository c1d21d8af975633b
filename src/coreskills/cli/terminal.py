"""Talking to people on stderr and to programs on stdout."""

import json
import re
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from coreskills import config
from coreskills.errors import StackFailed
from coreskills.stack.client import Client
from coreskills.stack.home import Home

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Folder of the instance (or CORESKILLS_HOME)", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout")]
WhyOption = Annotated[str, typer.Option("--why", help="For the trail")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done")]
PlanOption = Annotated[
    int | None, typer.Option("--plan", help="Do exactly what this dry run said, or nothing")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")]
# The control characters of ISO 6429, Unicode's that reverse the order of what follows, and the
# surrogates, which cannot be written at all.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Progress:
    """One line per event, with the seconds since the beginning."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, line: str) -> None:
        say(f"{time.monotonic() - self._began:6.1f} s  {line}")


def say(line: str = "") -> None:
    sys.stderr.write(harmless(line) + "\n")
    sys.stderr.flush()


def put(text: str) -> None:
    sys.stdout.write(harmless(text) + "\n")


def harmless(text: str) -> str:
    """What others have written must not steer the terminal; it may have lines and tabs."""
    return _STEERING.sub("?", text)


def put_json(body: Any) -> None:
    put(json.dumps(body, indent=2, default=str))


def table(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> None:
    """Aligned columns that grep and awk can read, too."""
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    widths = [max([len(c), *(len(row[i]) for row in cells)]) for i, c in enumerate(columns)]
    for row in [[c.upper() for c in columns], *cells]:
        put("  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)).rstrip())


def instance(home: Path | None) -> Home:
    """Raises StackFailed when nothing was ever started there."""
    found = Home(config.home(given=home))
    if not found.exists:
        raise StackFailed(
            f"There is no instance in {found.path}",
            check="home.exists",
            fix="python3 start.py, or name the folder with --home",
            exit_code=3,
        )
    return found


def client(home: Path | None) -> Client:
    """The API of the instance, as its operator."""
    found = instance(home)
    return Client(
        f"http://127.0.0.1:{found.instance()['ports']['api']}", found.secret("operator_token")
    )


def confirm(question: str, *, yes: bool) -> None:
    """Stops here unless the answer is yes; without a terminal, only --yes is one."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise StackFailed(
            f"{question} Nobody is there to answer", check="terminal", fix="add --yes", exit_code=2
        )
    typer.confirm(question, abort=True, err=True)


def _cell(value: Any) -> str:
    return "-" if value is None else str(value)
