import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from coreskills.cli.terminal import HomeOption, instance, put
from coreskills.errors import StackFailed
from coreskills.stack import compose
from coreskills.stack.home import Home

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def logs(
    service: Annotated[str | None, typer.Argument(help="api, worker-1, postgres ...")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="From the end")] = 30,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C")] = False,
    home: HomeOption = None,
) -> None:
    """Show the logs of a service, or of all: each line then begins with its service."""
    found = instance(home)
    if found.instance()["mode"] == "compose":
        for line in compose.logs(found, service, lines, follow):
            put(line)
        return
    files = _files(found, service)
    for path in files:
        for line in _tail(path, lines):
            put(_line(path, line, files))
    if follow:
        for path, line in _follow(files):
            put(_line(path, line, files))


def _files(home: Home, service: str | None) -> list[Path]:
    """`worker` means every worker."""
    files = sorted(home.logs.glob("*.log"))
    wanted = [p for p in files if service is None or p.stem.split("-")[0] == service]
    wanted = [p for p in files if p.stem == service] or wanted
    if not wanted:
        names = ", ".join(path.stem for path in files) or "none yet"
        raise StackFailed(
            f"There is no log of {service}", check="logs.service", fix=f"one of: {names}"
        )
    return wanted


def _tail(path: Path, lines: int) -> list[str]:
    with path.open("rb") as log:
        log.seek(0, 2)
        log.seek(max(0, log.tell() - 200 * (lines + 1) * 4))
        return log.read().decode(errors="replace").splitlines()[-lines:] if lines else []


def _follow(files: list[Path]) -> Iterator[tuple[Path, str]]:
    opened = [(path, path.open(encoding="utf-8", errors="replace")) for path in files]
    for _, log in opened:
        log.seek(0, 2)
    while True:
        quiet = True
        for path, log in opened:
            for line in iter(log.readline, ""):
                quiet = False
                yield path, line.rstrip("\n")
        if quiet:
            time.sleep(0.2)


def _line(path: Path, line: str, files: list[Path]) -> str:
    return line if len(files) == 1 else f"{path.stem:<10} {line}"
