import json as jsonlib
import sys
from typing import Annotated, Any

import typer

from coreskills import config
from coreskills.cli.terminal import HomeOption, harmless, instance
from coreskills.stack import compose
from coreskills.stack.home import Home
from coreskills.stack.log_containers import LogContainers
from coreskills.stack.log_files import LogFiles
from coreskills.stack.log_lines import LONG_AGO, Line, Wanted, ago

app = typer.Typer(add_completion=False, rich_markup_mode=None)
USUAL = 30  # lines of each service
IDS = ("request_id", "job_id", "trace_id")
APART = ("event", "service", "level", "timestamp", "exception")
LEVELS = {"warning": typer.colors.YELLOW, "error": typer.colors.RED, "critical": typer.colors.RED}


@app.command()
def logs(
    service: Annotated[str | None, typer.Argument(help="api, worker-1, postgres ...")] = None,
    lines: Annotated[
        int | None,
        typer.Option("--lines", "-n", min=0, help="From the end; usually 30 of each service"),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C")] = False,
    job: Annotated[int | None, typer.Option(help="Of this job, and of its request")] = None,
    request: Annotated[str | None, typer.Option(help="Of this request, and of its jobs")] = None,
    since: Annotated[str | None, typer.Option(help="30s, 10m, 2h or 1d ago")] = None,
    home: HomeOption = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document for each line")] = False,
) -> None:
    """Show the logs of a service, or of all, in the order in which they were written."""
    wanted = Wanted(job, request, ago(since) if since else LONG_AGO)
    source = _source(instance(home), service)
    shown = _as_json if json else _coloured if _colours() else _plain
    for line in _found(source, wanted, lines):
        sys.stdout.write(shown(line) + "\n")
    if follow:
        for line in source.following():
            wanted.learn(line)
            if wanted.takes(line):
                sys.stdout.write(shown(line) + "\n")
                sys.stdout.flush()


def _source(home: Home, service: str | None) -> LogFiles | LogContainers:
    if home.instance()["mode"] == "compose":
        return compose.logs(home, service)
    return LogFiles(home, service)


def _found(source: LogFiles | LogContainers, wanted: Wanted, count: int | None) -> list[Line]:
    if wanted.everything:
        return source.last(USUAL if count is None else count)
    every = source.all()
    for line in every:
        wanted.learn(line)
    found = [line for line in every if wanted.takes(line)]
    return found if count is None else found[-count:] if count else []


def _as_json(line: Line) -> str:
    told = line.fields or {"text": line.text}
    at = None if line.at == LONG_AGO else line.at.isoformat()
    return jsonlib.dumps({"timestamp": at} | told | {"service": line.service})


def _plain(line: Line) -> str:
    return "".join(text for text, _ in _parts(line))


def _coloured(line: Line) -> str:
    return "".join(typer.style(text, **style) if style else text for text, style in _parts(line))


def _colours() -> bool:
    return sys.stdout.isatty() and config.colours_wanted()


def _parts(line: Line) -> list[tuple[str, dict[str, Any]]]:
    """When, who, what; then what it says about it, and last what it belongs to."""
    faint: dict[str, Any] = {"dim": True}
    at = " " * 12 if line.at == LONG_AGO else line.at.astimezone().strftime("%H:%M:%S.%f")[:12]
    parts = [(f"{at} ", faint), (f"{line.service:<10} ", {"fg": typer.colors.CYAN})]
    fields = line.fields
    if not fields:
        return [*parts, (_printable(line.text), {})]
    level = str(fields.get("level", ""))
    style = {"fg": LEVELS[level]} if level in LEVELS else {}
    told = {k: v for k, v in fields.items() if k not in (*APART, *IDS) and v is not None}
    ids = {k: fields[k] for k in IDS if fields.get(k) is not None}
    parts += [
        (_printable(f"{level:<8}{fields.get('event', '')}"), style),
        (_words(told), {}),
        (_words(ids), faint),
    ]
    if exception := fields.get("exception"):
        parts.append((f"\n{harmless(str(exception))}", {"fg": typer.colors.RED}))
    return parts


def _words(fields: dict[str, Any]) -> str:
    return "".join(_printable(f"  {name}={value}") for name, value in fields.items())


def _printable(text: str) -> str:
    """What a caller sent must not steer the terminal of who reads it."""
    return "".join(char if char.isprintable() else "?" for char in text)
