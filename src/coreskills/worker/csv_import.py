"""The import of a roster: staged rows -> plan -> one set-based transaction.

The plan is made batch by batch, so memory does not grow with the file, and stands in
import_results before anything is changed; a second attempt starts it anew, and the first, should
it still live, is fenced off. A dry run stops there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from coreskills.domain import csv_roster
from coreskills.domain.naming import username_stem
from coreskills.domain.people import DATA, Person, Staff, Student
from coreskills.errors import Fault, Invalid
from coreskills.store import imports, users
from coreskills.store.db import Connection
from coreskills.worker.context import Context, Outcome
from coreskills.worker.plans import Change, Plan, carried_out

BATCH = 1000
Row = dict[str, Any]


def import_users(context: Context) -> Outcome:
    job_id = context.job.id
    _plan(context)
    with context.db.transaction() as conn:
        counts = imports.count_results(conn, job_id)
        prints = imports.select_fingerprints(conn, job_id)
    lines = [
        Change(
            key=f"file:{row['action']}",
            action="rows",
            after={"Rows": row["rows"], "Digest": row["digest"]},
        )
        for row in prints
    ]

    def write(conn: Connection) -> None:
        imports.insert_planned_users(
            conn, job_id, actor=context.job.requested_by, request_id=context.job.request_id
        )

    return carried_out(context, Plan(lines, write, {"Counts": counts}))


@dataclass(frozen=True)
class Candidate:
    """A valid row that asks for an account."""

    line: int
    key: str
    values: Row
    stem: str
    more: Row = field(default_factory=dict)  # kept with the plan's line


def _plan(context: Context) -> None:
    job_id, total = context.job.id, context.job.parameters["rows"]
    with context.db.transaction() as conn:
        context.hold(conn)
        imports.delete_results(conn, job_id)
        repeated = imports.select_repeated_keys(conn, job_id)
    done, after = 0, 0
    while rows := _batch(context, after):
        results = list(_results(context, rows, repeated))
        with context.db.transaction() as conn:
            context.hold(conn)
            imports.copy_results(conn, job_id, results)
        done, after = done + len(rows), rows[-1]["line"]
        context.report({"done": done, "total": total})


def _batch(context: Context, after: int) -> list[Row]:
    with context.db.reading() as conn:
        return imports.select_rows(conn, job_id=context.job.id, after=after, limit=BATCH)


def _results(context: Context, rows: list[Row], repeated: dict[str, Row]) -> Iterator[Row]:
    people: dict[int, Person] = {}
    for row in rows:
        verdict = _judge(row, repeated)
        if isinstance(verdict, Student | Staff):
            people[row["line"]] = verdict
        else:
            yield {"line": row["line"], "person_key": row["person_key"]} | verdict
    existing = _existing(context, people)
    wanted: list[Candidate] = []
    for row in rows:
        if person := people.get(row["line"]):
            if known := existing.get(row["person_key"]):
                yield _compared(row, person, known)
            else:
                stem = username_stem(person)
                wanted.append(Candidate(row["line"], row["person_key"], person.model_dump(), stem))
    yield from named(context, wanted)


def _judge(row: Row, repeated: dict[str, Row]) -> Person | Row:
    """The person a row stands for, or its result when it makes no account."""
    key = row["person_key"]
    try:
        person = csv_roster.person(row["record"])
    except Invalid as exc:
        return _rejected(exc.faults)
    twin = repeated.get(key)
    if twin and twin["differ"]:
        message = "stands in this file more than once, with differences"
        return _rejected(
            [Fault(csv_roster.MODELS[key.split(":")[0]][1][0], "duplicate_row", message)]
        )
    if twin and twin["first_line"] != row["line"]:
        return {"action": "unchanged"}
    return person


def _rejected(faults: list[Fault]) -> Row:
    reasons = [{"at": f.at, "code": f.code, "message": f.message} for f in faults]
    return {"action": "rejected", "faults": reasons}


def _existing(context: Context, people: dict[int, Person]) -> dict[str, Row]:
    students = [p.key for p in people.values() if isinstance(p, Student)]
    staff = [p.key for p in people.values() if isinstance(p, Staff)]
    with context.db.reading() as conn:
        return imports.select_existing_people(conn, students, staff)


def _compared(row: Row, person: Person, known: Row) -> Row:
    differing = [n for n in DATA if getattr(person, n, None) != known[n]]
    base = {"line": row["line"], "person_key": row["person_key"]}
    if not differing:
        return base | {"action": "unchanged"}
    labels = {field: name for name, field in csv_roster.FIELDS.items()}
    return base | _rejected(
        [
            Fault(
                labels[name],
                "differs",
                f"is {known[name]} in the directory; change the person, not the roster",
            )
            for name in differing
        ]
    )


def named(context: Context, wanted: list[Candidate]) -> Iterator[Row]:
    """Ask the engine for all accounts of the batch at once."""
    if not wanted:
        return
    stems = {candidate.stem for candidate in wanted}
    with context.db.reading() as conn:
        taken = users.select_taken_usernames(conn, stems, widely=context.race > 0)
        taken |= imports.select_planned_usernames(
            conn, context.job.id, stems, widely=context.race > 0
        )
    rows = [candidate.values for candidate in wanted]
    answer = context.invoke("New-KISDAccountBatch", {"Rows": rows}, {"TakenUsernames": list(taken)})
    for candidate, account in zip(wanted, answer["Accounts"], strict=True):
        yield _planned(candidate, account)


def _planned(candidate: Candidate, account: Row) -> Row:
    base = {"line": candidate.line, "person_key": candidate.key}
    if "ErrorCode" in account:
        fault = Fault("LastName", account["ErrorCode"], account["ErrorMessage"])
        return base | _rejected([fault])
    return {
        **base,
        **candidate.values,
        "action": "created",
        "user_type": candidate.key.partition(":")[0],
        "username": account["Username"],
        "username_stem": candidate.stem,
        "email": account["Email"],
        "ou": account["OU"],
    }
