"""A class that works on the running system, though nobody is there."""

import time
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import typer

from coreskills.cli.terminal import (
    HomeOption,
    JsonOption,
    Progress,
    YesOption,
    client,
    confirm,
    put,
    put_json,
)
from coreskills.config import LOOPBACK
from coreskills.errors import StackFailed
from coreskills.stack.client import Client, Refused
from coreskills.stack.traffic import leavers
from coreskills.stack.traffic.crowd import Crowd
from coreskills.stack.traffic.deeds import PREFIX, School
from coreskills.stack.traffic.patterns import PATTERNS
from coreskills.stack.traffic.tally import Tally

app = typer.Typer(add_completion=False, rich_markup_mode=None)
INTERRUPTED = 130
LAST_JOBS = 60.0  # seconds for what was accepted to be done
Row = dict[str, Any]


@app.command()
def traffic(
    pattern: Annotated[
        Literal["steady", "class", "spike", "errors"],
        typer.Option(help="; ".join(f"{name}: {kind.words}" for name, kind in PATTERNS.items())),
    ] = "class",
    minutes: Annotated[float, typer.Option(min=0.05, max=480, help="How long")] = 5.0,
    rate: Annotated[float, typer.Option(min=0.1, max=200, help="Requests a second")] = 5.0,
    remove: Annotated[
        bool, typer.Option("--remove", help="Only take out whom an earlier run left behind")
    ] = False,
    api: Annotated[str, typer.Option(help="Another API than this instance's, as a URL")] = "",
    token_file: Annotated[Path | None, typer.Option(help="A file with a token for it")] = None,
    yes: YesOption = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Send requests such as a class makes. The students it invents are taken out again at the end,
    also after Ctrl-C."""
    caller = _another(api, token_file, yes=yes) if api else client(home)
    caller.get("/api/v1/auth/me")  # says at once that nobody is there, or that we may not
    progress = Progress()
    if remove:
        finished, found = True, _taken_out(caller, PREFIX, progress)
    else:
        crowd = Crowd(School(caller), PATTERNS[pattern], rate, minutes * 60)
        progress(f"{pattern} for {minutes:g} minutes, {rate:g} requests a second; Ctrl-C ends it")
        finished = crowd.work(lambda tally: progress(_line(tally)))
        found = crowd.tally.summary() | _left(caller, crowd.school, progress)
    if json:
        put_json(found)
    else:
        _show(found)
    if not finished:
        raise typer.Exit(INTERRUPTED)


def _left(api: Client, school: School, progress: Progress) -> Row:
    """What was accepted is done first: who is not there yet cannot be taken out."""
    progress(f"waiting for the last {len(school.waiting)} jobs")
    deadline = time.monotonic() + LAST_JOBS
    for id in school.waiting:
        try:
            api.wait_for_job(id, max(0.1, deadline - time.monotonic()))
        except (Refused, StackFailed) as exc:
            progress(exc.message)
            break
    return _taken_out(api, school.run, progress)


def _taken_out(api: Client, run: str, progress: Progress) -> Row:
    try:
        gone, left = leavers.remove(api, leavers.invented(api, run), progress)
    except KeyboardInterrupt:
        progress("some invented students are still there; later: coreskills traffic --remove")
        raise
    except (Refused, StackFailed) as exc:
        progress(f"{exc.message}; later: coreskills traffic --remove")
        return {"removed": 0, "left": None}
    if left:
        progress(f"{left} stay: on hold, or with a device; then: coreskills traffic --remove")
    return {"removed": gone, "left": left}


def _another(url: str, token_file: Path | None, *, yes: bool) -> Client:
    where = urlsplit(url)
    if where.scheme != "http" or not where.hostname:
        raise StackFailed(
            f"{url} is no address of an API",
            check="traffic.api",
            fix="give one like http://127.0.0.1:5000",
            exit_code=2,
        )
    if where.hostname not in LOOPBACK:
        confirm(f"This works on {where.hostname}, which is another machine. Go on?", yes=yes)
    return Client(url.rstrip("/"), _token(token_file))


def _token(path: Path | None) -> str | None:
    """Our own operator's token goes to our own API only."""
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise StackFailed(
            f"{path} cannot be read: {exc.strerror}",
            check="traffic.token",
            fix="coreskills token --new traffic, and save what it prints",
            exit_code=2,
        ) from exc


def _line(tally: Tally) -> str:
    refused = sum(n for status, n in tally.statuses.items() if 400 <= status < 500)
    failed = tally.sent - refused - sum(n for s, n in tally.statuses.items() if 0 < s < 400)
    return (
        f"{tally.sent} requests, p95 {tally.milliseconds(95):.0f} ms, {refused} refused, "
        f"{failed} failed, {sum(tally.jobs.values())} jobs done"
    )


def _show(found: Row) -> None:
    if "requests" in found:
        put(f"requests      {found['requests']}, and {found['skipped']} left out for being late")
        for name in ("statuses", "jobs", "milliseconds", "unexpected"):
            words = ", ".join(f"{key}: {value}" for key, value in found[name].items())
            put(f"{name:<14}{words or '-'}")
    put(f"students      {found['removed']} taken out again, {found['left']} left")
