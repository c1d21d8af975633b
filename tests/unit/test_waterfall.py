"""A job's steps, each below the step that caused it."""

from coreskills.cli import waterfall as drawn
from coreskills.telemetry import waterfall

MS = 1_000_000
JOB = 7


def span(name: str, parent: str | None, began: float, ended: float, id: int | None = None) -> dict:
    return {
        "trace_id": "t",
        "span_id": name,
        "parent_id": parent,
        "service": "api",
        "name": name,
        "began": int(began * MS),
        "ended": int(ended * MS),
        "failed": False,
        "attributes": {"coreskills.job.id": id} if id else {},
        "links": [],
    }


TRACE = [
    span("run", "accept", 5, 9, id=JOB),
    span("insert", "accept", 2, 3),
    span("accept", "request", 1, 4, id=JOB),
    span("request", None, 0, 5),
]


def shown(spans) -> list[tuple[str, int]]:
    return [(step["name"], step["depth"]) for step in waterfall.steps(spans, JOB)]


def test_steps_come_in_the_order_in_which_they_began_below_their_causes():
    assert shown(TRACE) == [("request", 0), ("accept", 1), ("insert", 2), ("run", 2)]


def test_times_count_from_the_first_step():
    first, *_, last = waterfall.steps(TRACE, JOB)
    assert (first["offset_ms"], first["ms"]) == (0, 5)
    assert (last["offset_ms"], last["ms"]) == (5, 4)


def test_other_jobs_of_the_same_request_are_left_out():
    others = [span("run-8", "accept", 6, 7, id=8), span("commit-8", "run-8", 6, 7)]
    assert shown(TRACE + others) == shown(TRACE)


def test_what_else_a_caller_did_in_its_trace_is_left_out():
    assert shown([*TRACE, span("another-request", "callers-own", 1, 2)]) == shown(TRACE)


def test_a_step_whose_cause_is_not_ours_or_was_lost_begins_a_line_of_its_own():
    assert shown(TRACE[:3]) == [("accept", 0), ("insert", 1), ("run", 1)]


def test_a_trace_is_as_deep_as_its_caller_makes_it():
    deep = [span(f"request-{n}", f"request-{n - 1}", n, n + 1) for n in range(1, 2000)]
    run = span("run", "request-1999", 2000, 2001, id=JOB)
    assert shown([*deep, run])[-1] == ("run", 1999)


def test_no_spans_are_no_steps():
    assert waterfall.steps([], JOB) == []


def test_the_drawing_has_a_line_for_each_step_with_its_bar_in_place():
    trace = {"job_id": JOB, "status": "completed", "source": "trace"}
    head, columns, *lines = drawn.lines(trace | {"steps": waterfall.steps(TRACE, JOB)})
    assert head.startswith("job 7 is completed; 9.0 ms")
    assert columns.split() == ["AFTER", "MS", "TOOK", "MS", "WHERE", "WHAT"]
    bars = [line[line.index("=") :] for line in lines]
    assert [line.split()[3] for line in lines] == ["request", "accept", "insert", "run"]
    assert [bar.count("=") for bar in bars] == [18, 11, 4, 14]
    assert lines[0].index("=") < lines[1].index("=") < lines[2].index("=") < lines[3].index("=")
