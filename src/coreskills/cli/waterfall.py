"""A trace as a person reads it: what began when, what it took, and a bar for each step."""

from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]
WIDTH = 32  # characters of the time line
SOURCES = {
    "trace": "from its trace",
    "record": "from its record; nobody traced it, or too long ago (docs/howto/follow-a-job.md)",
}


def lines(trace: Row) -> Iterator[str]:
    steps = trace["steps"]
    whole = max((step["offset_ms"] + step["ms"] for step in steps), default=0.0)
    yield f"job {trace['job_id']} is {trace['status']}; {whole:.1f} ms, {SOURCES[trace['source']]}"
    if not steps:
        return
    names = [f"{'  ' * step['depth']}{step['name']}" for step in steps]
    longest = max(len(name) for name in names)
    yield f"{'AFTER MS':>9}  {'TOOK MS':>9}  {'WHERE':<8}  {'WHAT':<{longest}}"
    for step, name in zip(steps, names, strict=True):
        times = f"{step['offset_ms']:>9.1f}  {step['ms']:>9.1f}"
        bar = _bar(step, whole)
        yield f"{times}  {step['service']:<8}  {name:<{longest}}  {bar}  {_note(step)}".rstrip()


def _bar(step: Row, whole: float) -> str:
    scale = WIDTH / whole if whole else 0.0
    start = min(WIDTH - 1, int(step["offset_ms"] * scale))
    length = min(WIDTH - start, max(1, round(step["ms"] * scale)))
    return f"{' ' * start}{'=' * length}".ljust(WIDTH)


def _note(step: Row) -> str:
    """What is worth a word: how an attempt ended, and what failed."""
    told = step["attributes"]
    words = [told.get("coreskills.job.outcome", ""), told.get("error.type", "")]
    return " ".join(word for word in words if word) or ("failed" if step["failed"] else "")
