"""The steps of one job in the order in which they began, each below the step that caused it."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
JOB, ATTEMPT = "coreskills.job.id", "coreskills.job.attempt"


def steps(spans: Iterable[Row], job_id: int) -> list[Row]:
    """`spans` as trace_files.py keeps them: of this job's traces, and maybe of other jobs in them.

    Told are the job's own spans, what they caused, and what caused them.
    """
    ordered = sorted(spans, key=lambda span: (span["began"], -span["ended"]))
    known = {span["span_id"]: span for span in ordered}
    wanted = _wanted(ordered, known, job_id)
    below: dict[str | None, list[Row]] = {}
    for span in ordered:
        if span["span_id"] in wanted:
            parent = span["parent_id"]
            below.setdefault(parent if parent in known else None, []).append(span)
    began = min((known[id]["began"] for id in wanted), default=0)
    return [_step(span, depth, began) for span, depth in _walk(below)]


def of_record(job: Row, attempts: list[Row]) -> list[Row]:
    """What the job's record alone can tell, for jobs that nobody traced."""
    kept = [
        _recorded(f"run {job['type']}", each["started_at"], each["ended_at"], each)
        for each in attempts
    ]
    if attempts:
        kept.insert(0, _recorded("queue", job["created_at"], attempts[0]["started_at"], {}))
    began = min((span["began"] for span in kept), default=0)
    return [_step(span, 0, began) for span in kept]


def attempts_told(rows: list[Row]) -> set[int]:
    """Whose end is among the steps."""
    runs = (row["attributes"] for row in rows if row["name"].startswith("run "))
    return {attributes[ATTEMPT] for attributes in runs if ATTEMPT in attributes}


def _wanted(ordered: list[Row], known: dict[str, Row], job_id: int) -> set[str]:
    wanted: set[str] = set()
    for span in ordered:
        line = list(_line(span, known))
        owner = next((each["attributes"][JOB] for each in line if JOB in each["attributes"]), None)
        if owner == job_id:
            wanted.update(each["span_id"] for each in line)
    return wanted


def _line(span: Row | None, known: dict[str, Row]) -> Iterator[Row]:
    """It, what caused it, what caused that."""
    while span:
        yield span
        span = known.get(span["parent_id"] or "")


def _walk(below: dict[str | None, list[Row]]) -> Iterator[tuple[Row, int]]:
    """Without recursion: a caller decides how deep a trace is."""
    waiting = [(span, 0) for span in reversed(below.get(None, []))]
    while waiting:
        span, depth = waiting.pop()
        yield span, depth
        waiting += [(each, depth + 1) for each in reversed(below.get(span["span_id"], []))]


def _step(span: Row, depth: int, began: int) -> Row:
    return span | {
        "depth": depth,
        "began": datetime.fromtimestamp(span["began"] / 1e9, UTC).isoformat(),
        "ended": datetime.fromtimestamp(span["ended"] / 1e9, UTC).isoformat(),
        "offset_ms": round((span["began"] - began) / 1e6, 3),
        "ms": round((span["ended"] - span["began"]) / 1e6, 3),
    }


def _recorded(name: str, began: datetime, ended: datetime | None, attempt: Row) -> Row:
    """One that has not ended took until now."""
    first, last = (int(at.timestamp() * 1e9) for at in (began, ended or datetime.now(UTC)))
    told = (
        {ATTEMPT: attempt["attempt"], "coreskills.job.outcome": attempt["outcome"] or "running"}
        if attempt
        else {}
    )
    return {
        "trace_id": None,
        "span_id": None,
        "parent_id": None,
        "service": "worker" if attempt else "queue",
        "name": name,
        "kind": "internal",
        "began": first,
        "ended": max(first, last),
        "failed": bool(attempt.get("error_code")),
        "attributes": told,
        "links": [],
    }
