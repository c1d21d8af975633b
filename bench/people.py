"""Names made to collide, given by eight workers; and the end of a school year in three schools."""

import argparse
import time
from collections.abc import Iterator
from typing import Any

import psycopg
from harness.instance import Instance, instance, say
from harness.report import Report

WORKERS = "8"
SAME = 90  # students whose names differ in nothing but the token; there are 99 tokens
BATCH = 250  # of these, 64 KiB
PATIENCE = 600.0
# Each of these folds to obrien, and each A to a.
FAMILIES = ["O'Brien", "O’Brien", "OBrien", "O-Brien", "Ó Brien", "o.brien", "Òbrïèn", "Ōbrıen"]
GIVEN = ["Ada", "Āda", "Ådne", "Aimé", "Àngel"]
SCHOOLS = [("south", 12, None), ("north", 10, 1), ("west", 10, 1)]
Row = dict[str, Any]


def main() -> None:
    options, report = _options(), Report("people")
    with instance("--workers", WORKERS) as target:
        _names(target, options.students, report)
    with instance() as target:
        _rollover(target, options.pupils, report)
    report.put()


def _names(target: Instance, count: int, report: Report) -> None:
    seen = []
    for turn in ("first", "again"):
        began = time.monotonic()
        _hand_in(target, count)
        _wait(target)
        seconds = time.monotonic() - began
        report.note(f"{count:,} students by {WORKERS} workers, {turn}", f"{seconds:.3g} s")
        seen.append(_sql(target, _NAMES))
        say(f"{turn}: {len(seen[-1]):,} accounts in {seconds:.1f} s")
    if len(seen[0]) != count:
        raise SystemExit(f"{len(seen[0])} of {count} students have an account")
    collisions = count - len({name for _, name in seen[0]})
    report.at_most("names given twice", collisions, 0, "")
    changed = sum(one != other for one, other in zip(*seen, strict=True))
    report.at_most("names that the second run changed", changed, 0, "")


def _students(count: int) -> Iterator[Row]:
    for number in range(count):
        group, place = divmod(number, SAME)
        yield {
            "student_id": f"P{place:02d}x{group:04d}",
            "first_name": GIVEN[number % len(GIVEN)],
            "last_name": FAMILIES[number % len(FAMILIES)],
            "grade_level": 9 + number % 4,
            "graduation_year": 2027,
        }


def _hand_in(target: Instance, count: int) -> None:
    jobs = [{"type": "create_student", "data": student} for student in _students(count)]
    for start in range(0, count, BATCH):
        body = {"jobs": jobs[start : start + BATCH]}
        target.client.post("/api/v1/jobs/batch", body)


def _wait(target: Instance) -> None:
    """Until all are done; one that is not completed ends the benchmark."""
    deadline = time.monotonic() + PATIENCE
    while left := _sql(target, "SELECT status, count(*) FROM jobs GROUP BY 1"):
        states = {state: jobs for state, jobs in left if state != "completed"}
        if not states:
            return
        if set(states) - {"queued", "running"} or time.monotonic() > deadline:
            raise SystemExit(f"the jobs did not work: {states}")
        time.sleep(0.1)


def _rollover(target: Instance, count: int, report: Report) -> None:
    """From the first POST to the last job completed: each school steps, then the class leaves."""
    orgs = [_founded(target, *school) for school in SCHOOLS]
    _fill(target, count)
    began = time.monotonic()
    for org in orgs:
        _done(target, "promote", {"school_year": 2027, "school_id": org})
    _done(target, "graduate", {"graduation_year": 2027})
    seconds = time.monotonic() - began
    report.at_most(f"{count:,} pupils of three schools", seconds, 15, "s")
    (found,) = _sql(
        target,
        "SELECT count(*) FILTER (WHERE stepped_in_year = 2027 AND state = 'active'),"
        " count(*) FILTER (WHERE state = 'disabled') FROM users WHERE school_id IS NOT NULL",
    )
    stepped, left = found
    if stepped + left != count or not left:
        raise SystemExit(f"{stepped} stepped and {left} left, of {count}")
    report.note("of these stepped, and left", f"{stepped:,} and {left:,}")
    again = _done(target, "promote", {"school_year": 2027, "school_id": orgs[0]})
    if not again["AlreadyStepped"]:
        raise SystemExit("a school stepped twice")


def _founded(target: Instance, name: str, top_grade: int, feeder: int | None) -> int:
    body = {"sourced_id": name, "name": name, "top_grade": top_grade}
    body |= {"feeder_id": feeder} if feeder else {}
    return int(target.client.post("/api/v1/schools", body)["id"])


def _fill(target: Instance, count: int) -> None:
    """The first school has grades 10 to 12, the others, which it takes from, 9 and 10."""
    with psycopg.connect(target.url("coreskills_owner"), autocommit=True) as conn:
        conn.execute(_FILL, {"count": count})
        conn.execute("VACUUM ANALYZE users")


def _done(target: Instance, what: str, body: Row) -> Row:
    job_id = target.client.post(f"/api/v1/cohorts/{what}", body)["job_id"]
    job = target.client.wait_for_job(job_id, PATIENCE)
    if job["status"] != "completed":
        raise SystemExit(f"{what} did not work: {job}")
    say(f"{what}: {job['result']}")
    found: Row = job["result"]
    return found


def _sql(target: Instance, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(target.url("coreskills_owner"), autocommit=True) as conn:
        return conn.execute(query.encode()).fetchall()


_NAMES = "SELECT student_id, username FROM users WHERE student_id LIKE 'P__x%' ORDER BY 1"
_FILL = """
INSERT INTO users (user_type, student_id, first_name, last_name, username, username_stem, email,
                   ou, grade_level, graduation_year, school_id)
SELECT 'student', 'B' || n, 'First' || n %% 997, 'Last' || n %% 9973, 'b.' || n, 'b.' || n,
       'b.' || n || '@students.coreskills.example',
       'OU=Class of ' || 2039 - grade || ',OU=Students,DC=coreskills,DC=example', grade,
       2039 - grade, CASE WHEN grade > 10 THEN 1 ELSE 1 + n %% 3 END
  FROM generate_series(1, %(count)s) AS n, LATERAL (SELECT 9 + n %% 4 AS grade) AS g
"""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=10_000)
    parser.add_argument("--pupils", type=int, default=5_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
