import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from coreskills.cli.terminal import (
    DryRunOption,
    HomeOption,
    JsonOption,
    PlanOption,
    client,
    put,
    put_json,
    say,
)
from coreskills.cli.waiting import ended, patience
from coreskills.domain.oneroster.columns import ORDER
from coreskills.errors import StackFailed
from coreskills.stack.client import Client

app = typer.Typer(add_completion=False, rich_markup_mode=None)
SHOWN = 20
PACKED = (b"PK\x03\x04", b"PK\x05\x06")  # how a zip begins, and an empty one
COUNTS = ("created", "updated", "unchanged", "skipped", "rejected", "disabled", "closed")
Row = dict[str, Any]


@app.command()
def import_(
    file: Annotated[Path, typer.Argument(help="CSV with the header of a roster, or OneRoster zip")],
    dry_run: DryRunOption = False,
    plan: PlanOption = None,
    rejected: Annotated[
        Path | None,
        typer.Option(help="Where rejected rows go; FILE.rejected.csv here if not given"),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Import a roster: new people get accounts, known ones stay, wrong rows are reported.

    Run twice it changes nothing. A OneRoster package also changes whom it has with other data, and
    disables whom a bulk file has no more. Exit 1 when the import itself failed, or waits for a
    second person; rejected rows are no failure.
    """
    api = client(home)
    query: Row = {"dry_run": str(dry_run).lower(), "filename": file.name}
    if plan:
        query["plan_id"] = plan
    with _progress(file, quiet=json) as bar:
        job_id, kind = _send(api, file, query, bar)
        job = ended(
            api,
            job_id,
            patience(kind),
            lambda told: bar.move("importing", told.get("done", 0), told.get("total")),
        )
    report = _report(api, job)
    report["rejected_file"] = _save_rejected(api, job, file, rejected)
    if json:
        put_json(report)
    else:
        _show(report)


class Bar(Protocol):
    def move(self, what: str, done: int, total: int | None) -> None: ...


def _send(api: Client, file: Path, query: Row, bar: Bar) -> tuple[int, str]:
    """The job and its kind. What a file is, its first bytes say: the name may be anything."""
    try:
        size = file.stat().st_size
        with file.open("rb") as source:
            packed = source.read(4) in PACKED
    except OSError as exc:
        raise StackFailed(
            f"{file} cannot be read: {exc.strerror}",
            check="import.file",
            fix="name a CSV file or a zip",
        ) from exc
    answer = api.send(
        "POST",
        "/api/v1/imports/oneroster" if packed else "/api/v1/imports",
        query=query,
        body=_chunks(file, size, bar),
        headers={
            "Content-Type": "application/zip" if packed else "text/csv",
            "Content-Length": str(size),
        },
    )
    return int(answer.json()["job_id"]), "oneroster_import" if packed else "import_users"


def _chunks(file: Path, size: int, bar: Bar) -> Iterator[bytes]:
    sent = 0
    with file.open("rb") as source:
        while chunk := source.read(256 * 1024):
            yield chunk
            sent += len(chunk)
            bar.move("sending", sent, size)


def _report(api: Client, job: Row) -> Row:
    rows = api.pages(f"/api/v1/imports/{job['id']}/rows", "rows", action="rejected")
    reasons = [
        ({"file": f"{row['file']}.csv"} if "file" in row else {})
        | {"line": row["line"], "field": f["at"], "code": f["code"], "reason": f["message"]}
        for row in rows
        for f in row["faults"]
    ]
    return {"job_id": job["id"], **job["result"], "reasons": reasons}


def _save_rejected(api: Client, job: Row, file: Path, given: Path | None) -> str | None:
    if not job["result"]["Counts"]["rejected"]:
        return None
    path = given or Path(f"{file.stem}.rejected.csv")
    text = api.send("GET", f"/api/v1/imports/{job['id']}/rejected.csv").body
    path.write_bytes(text)
    return str(path)


def _show(report: Row) -> None:
    for reason in report["reasons"][:SHOWN]:
        file = f"{reason['file']} " if "file" in reason else ""
        put(f"{file}line {reason['line']}, {reason['field']}: {reason['reason']}")
    if len(report["reasons"]) > SHOWN:
        put(f"and {len(report['reasons']) - SHOWN} more")
    would = "would be " if report["DryRun"] else ""
    files = report.get("Files", {})
    for file in sorted(files, key=ORDER.index):
        of = files[file]
        put(f"{file}: " + ", ".join(f"{of[name]} {name}" for name in COUNTS if name in of))
    if "Absentees" in report:
        put(f"absentees: {report['Absentees']}")
    counts = report["Counts"]
    put(", ".join(f"{counts[name]} {_word(name, would)}" for name in COUNTS if name in counts))
    if report["DryRun"]:
        say(f"to do exactly this: coreskills import FILE --plan {report['job_id']}")
    if report["rejected_file"]:
        say(f"the rejected rows with their reasons: {report['rejected_file']}")


def _word(name: str, would: str) -> str:
    return name if name in ("unchanged", "skipped", "rejected") else f"{would}{name}"


class _Silent:
    def move(self, what: str, done: int, total: int | None) -> None:
        return None


@contextmanager
def _progress(file: Path, *, quiet: bool) -> Iterator[Bar]:
    """A bar for people at a terminal; for everybody else, silence."""
    if quiet or not sys.stderr.isatty():
        yield _Silent()
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(file.name, total=None)

        class Shown:
            def move(self, what: str, done: int, total: int | None) -> None:
                progress.update(task, description=what, completed=done, total=total)

        yield Shown()
