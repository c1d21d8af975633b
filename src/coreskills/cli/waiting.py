"""Handing in a job, waiting for it with a word about its progress, and saying what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from coreskills.cli.terminal import put, put_json, say, table
from coreskills.errors import StackFailed
from coreskills.stack.client import Client

Row = dict[str, Any]
MARGIN = 120.0  # seconds beyond a job's deadline: until a worker takes it, and tries again
SHOWN = 20


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


def patience(kind: str) -> float:
    """Seconds that a job of this kind may need, and then some."""
    from coreskills.domain.kinds import kind_of  # slow to import: --help must not wait for it

    return kind_of(kind).deadline + MARGIN


def tell(progress: Row) -> None:
    """Most jobs report what is done of how much; any other figures are told as they are."""
    if {"done", "total"} <= progress.keys():
        say(f"  {progress['done']:,} of {progress['total']:,}")
    else:
        say("  " + ", ".join(f"{name}: {value}" for name, value in progress.items()))


def ended(
    api: Client, job_id: int, seconds: float, progress: Callable[[Row], None] | None = tell
) -> Row:
    """The completed job. Raises StackFailed, with one next step, for every other end, for one that
    waits for a second person, and for one that is late."""
    job = api.wait_for_job(job_id, seconds, progress)
    if job["status"] != "completed":
        raise _undone(job)
    return job


def done(api: Client, path: str, body: Row, kind: str = "") -> Row:
    """What was asked for there, as a completed job. `kind`, unless it has the usual deadline.

    Raises like `ended`.
    """
    job_id = int(api.post(f"/api/v1/{path}", body)["job_id"])
    return ended(api, job_id, patience(kind))


def run(api: Client, kind: str, data: Row | None = None) -> Row:
    """A completed job of this kind. Raises like `ended`."""
    return done(api, "jobs", {"type": kind, "data": data or {}}, kind)


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


def _undone(job: Row) -> StackFailed:
    id, status = job["id"], job["status"]
    look, agree = f"coreskills jobs rows {id}", f"coreskills jobs approve {id}"
    fixes = {
        "suspended": f"{look}, then by another person: {agree}",
        "cancelled": f"coreskills jobs retry {id}",
        "dead": "coreskills logs worker",
    }
    words = "waits for a second person" if status == "suspended" else f"is {status}"
    reason = f": {job['error_message']}" if job["error_message"] else ""
    return StackFailed(
        f"Job {id} {words}{reason}",
        check=job["error_code"] or f"job.{status}",
        fix=fixes.get(status, f"coreskills jobs show {id}"),
    )
