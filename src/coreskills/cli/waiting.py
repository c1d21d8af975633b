"""Handing in a job, waiting for it with a word about its progress, and saying what came of it."""

import time
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from coreskills.cli.terminal import put, put_json, say, table
from coreskills.errors import StackFailed
from coreskills.stack.client import ENDED, Client

Row = dict[str, Any]
PATIENCE = 900.0  # seconds; no job has a longer deadline
SHOWN = 20

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done")]
PlanOption = Annotated[
    int | None, typer.Option("--plan", help="Do exactly what this dry run said, or nothing")
]
WhyOption = Annotated[str, typer.Option("--why", help="For the trail")]


@dataclass(frozen=True)
class Way:
    """How a job is to be done; the part of its parameters that all kinds share."""

    dry_run: bool = False
    plan_id: int | None = None
    why: str = ""

    @property
    def body(self) -> Row:
        given = {"dry_run": self.dry_run, "plan_id": self.plan_id, "why": self.why}
        return {name: value for name, value in given.items() if value}


def done(api: Client, path: str, body: Row) -> Row:
    """The completed job. Raises StackFailed for one that failed, or waits for a second person."""
    job_id = int(api.post(f"/api/v1/{path}", body)["job_id"])
    deadline, pause, told = time.monotonic() + PATIENCE, 0.02, None
    while True:
        job = api.get(f"/api/v1/jobs/{job_id}")
        if job["progress"] and job["progress"] != told:
            told = job["progress"]
            say(f"  {told['done']:,} of {told['total']:,}")
        if job["status"] == "completed":
            return job
        if job["status"] in (*ENDED, "suspended") or time.monotonic() > deadline:
            raise _refused(job)
        time.sleep(pause)
        pause = min(0.5, pause * 1.4)


def show(api: Client, job: Row, *, json: bool) -> None:
    """What was done, or would be, line by line."""
    page = api.get(f"/api/v1/jobs/{job['id']}/rows", limit=SHOWN)
    if json:
        put_json({"job_id": job["id"], **job["result"]})
        return
    rows = [{**row, "change": _change(row)} for row in page["rows"]]
    if rows:
        table(rows, ["key", "action", "change"])
    if "next" in page:
        put(f"...all: coreskills jobs rows {job['id']}")
    counts = ", ".join(f"{count} {name}" for name, count in job["result"]["Counts"].items())
    put(counts or "nothing to do")
    if job["result"]["DryRun"]:
        say(f"nothing was changed; to do exactly this, add --plan {job['id']}")


def _change(row: Row) -> str:
    """State: active -> disabled; or why nothing was done."""
    parts = [
        f"{name}: {_text(row['before'].get(name))} -> {_text(value)}"
        for name, value in row["after"].items()
    ]
    if row["error_code"]:
        parts.append(f"{row['error_code']}: {row['message']}")
    return "; ".join(parts)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _refused(job: Row) -> StackFailed:
    id, status = job["id"], job["status"]
    if status == "suspended":
        fix = f"a second person agrees with: coreskills jobs approve {id}"
    else:
        fix = f"coreskills jobs show {id}"
    message = f"Job {id} is {status}: {job['error_message'] or 'it takes too long'}"
    return StackFailed(message, check=job["error_code"] or f"job.{status}", fix=fix)
