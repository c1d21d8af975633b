"""The import of a package in OneRoster's form: staged rows -> validate -> match -> plan -> apply.

The rows are read twice: to know what there is to refer to, and to judge each. What becomes of every
row stands in import_results before anything is changed; a second attempt starts from the staged
rows. Memory holds ids only, and a batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from coreskills.domain.oneroster import columns
from coreskills.domain.oneroster.people import Surroundings
from coreskills.domain.oneroster.references import TOLD, Index
from coreskills.domain.oneroster.rows import FAULT, ID
from coreskills.domain.roster_jobs import OneRosterImport
from coreskills.errors import ChangedMeanwhile, Conflict
from coreskills.store import audit, groups, imports, licences, lifecycle, oneroster
from coreskills.store.db import Connection
from coreskills.worker.context import Context, Outcome
from coreskills.worker.csv_import import BATCH
from coreskills.worker.oneroster_people import WHY, People
from coreskills.worker.oneroster_records import LEFT_OUT, Records
from coreskills.worker.plans import Change, Plan, carried_out

WRITTEN = ("created", "updated", "closed")  # results of rows that are written
ACTIONS = ("created", "updated", "unchanged", "skipped", "rejected", "disabled", "closed")
VERBS = {"created": "create", "updated": "update", "disabled": "disable"}
Row = dict[str, Any]


def import_oneroster(context: Context) -> Outcome:
    wanted = OneRosterImport.model_validate(context.job.parameters)
    survey = _survey(context, wanted)
    _plan(context, wanted, survey)
    return carried_out(context, _planned(context, wanted, survey))


@dataclass
class _Survey:
    """`unreadable` files have rows without an id: who is not in them cannot be told."""

    index: Index
    surroundings: Surroundings
    unreadable: set[str]


def _survey(context: Context, wanted: OneRosterImport) -> _Survey:
    with context.db.transaction() as conn:
        oneroster.be_swift(conn)
        known = {
            file: oneroster.select_known(conn, file, TOLD.get(file, ""))
            for file in columns.TABLES
            if file not in columns.IGNORED and wanted.files.get(file) != "bulk"
        }
        orgs = oneroster.select_known(conn, "orgs", "name")
        year = oneroster.select_school_year(conn)
        now = lifecycle.select_now(conn)
    index, unreadable, years = Index(wanted.files, known), set[str](), set[int]()
    for rows in _batches(context):
        for row in rows:
            file, record = row["file"], row["record"]
            index.see(file, record)
            if FAULT in record or not record.get(ID):
                unreadable.add(file)
            elif file == "orgs":
                orgs[record[ID]] = record.get("name", "")
            elif file == "academicSessions" and record.get("type") == "schoolYear":
                years.add(_year(record.get("schoolYear", "")))
        context.report({"done": 0, "total": wanted.rows})
    usual = year or now.year + (now.month > 6)
    return _Survey(index, Surroundings(orgs, max(years - {0}, default=usual)), unreadable)


def _year(text: str) -> int:
    return int(text) if len(text) == 4 and text.isascii() and text.isdigit() else 0


def _plan(context: Context, wanted: OneRosterImport, survey: _Survey) -> None:
    """Every row judged and matched, in import_results."""
    job_id, done = context.job.id, 0
    with context.db.transaction() as conn:
        context.hold(conn)
        imports.delete_results(conn, job_id)
    people = People(context, survey.index, survey.surroundings, wanted.files.get("users", ""))
    records = Records(survey.index, wanted.files)
    for rows in _batches(context):
        for file, group in groupby(rows, lambda row: str(row["file"])):
            planner = people.results if file == "users" else records.of(file)
            _keep(context, list(planner(list(group))))
        done += len(rows)
        context.report({"done": done, "total": wanted.rows})
    _compare(context, wanted)
    if wanted.files.get("users") == "bulk" and "users" not in survey.unreadable:
        _plan_absentees(context, people, wanted.rows)


def _compare(context: Context, wanted: OneRosterImport) -> None:
    for file in wanted.files:
        if file != "users" and file not in columns.IGNORED:
            with context.db.transaction() as conn:
                context.hold(conn)
                oneroster.be_swift(conn)
                oneroster.compare_rows(conn, context.job.id, file, LEFT_OUT)
            context.report({"done": wanted.rows, "total": wanted.rows})


def _plan_absentees(context: Context, people: People, rows: int) -> None:
    """Numbered after the rows of the files, since they have none."""
    with context.db.transaction() as conn:
        oneroster.be_swift(conn)
        absent = oneroster.select_absentees(conn, context.job.id)
    for start in range(0, len(absent), BATCH):
        results = people.leavers(absent[start : start + BATCH], first=rows + 1 + start)
        _keep(context, list(results))
        context.report({"done": rows, "total": rows})


def _keep(context: Context, results: list[Row]) -> None:
    with context.db.transaction() as conn:
        context.hold(conn)
        imports.copy_results(conn, context.job.id, results)


def _batches(context: Context) -> Iterator[list[Row]]:
    after = 0
    while True:
        with context.db.reading() as conn:
            rows = oneroster.select_roster_rows(
                conn, job_id=context.job.id, after=after, limit=BATCH
            )
        if not rows:
            return
        yield rows
        after = rows[-1]["line"]


def _planned(context: Context, wanted: OneRosterImport, survey: _Survey) -> Plan:
    """People line by line; of the files, how many rows there are of each sort, and a digest."""
    job_id = context.job.id
    with context.db.transaction() as conn:
        oneroster.be_swift(conn)
        prints = oneroster.select_fingerprints(conn, job_id)
        people = oneroster.select_planned_people(conn, job_id)
        closings = oneroster.select_closings(conn, job_id, _complete(wanted, survey))
        population = oneroster.count_population(conn)
    changes = [
        Change(
            key=row["key"],
            action=VERBS[row["action"]],
            before=row["changes"]["before"],
            after=row["changes"]["after"],
            version=row["version"],
        )
        for row in people
    ]
    changes += [
        Change(
            key=f"file:{row['file']}:{row['action']}",
            action="rows",
            after={"Rows": row["rows"], "Digest": row["digest"]},
        )
        for row in prints
        if row["action"] != "closed"  # has a line with how many of how many
    ]
    changes += [_closing(row) for row in closings]
    files: dict[str, dict[str, int]] = {}
    for row in prints:
        files.setdefault(row["file"], {})[row["action"]] = row["rows"]
    absent = {r["file"]: r["rows"] for r in closings if wanted.files[r["file"]] == "bulk"}
    result = _told(files, absent)
    if "users" in survey.unreadable and wanted.files.get("users") == "bulk":
        result["Absentees"] = "not judged: users.csv has rows that cannot be read"
    return Plan(changes, lambda conn: _apply(context, conn, files, absent), result, population)


def _told(files: dict[str, dict[str, int]], absent: dict[str, int]) -> Row:
    told = {
        file: of | ({"closed": absent[file]} if file in absent else {})
        for file, of in files.items()
    }
    totals = {action: sum(of.get(action, 0) for of in told.values()) for action in ACTIONS}
    return {"Counts": totals, "Files": told}


def _complete(wanted: OneRosterImport, survey: _Survey) -> list[str]:
    """The files that are all there is, so that what is missing from them is over."""
    return [
        file
        for file, mode in wanted.files.items()
        if mode == "bulk" and file not in survey.unreadable
    ]


def _closing(row: Row) -> Change:
    after = {"Rows": row["rows"], "Of": row["among"], "Digest": row["digest"]}
    key = f"file:{row['file']}:close"
    return Change(key=key, action="close", after=after, rows=row["rows"], among=row["among"])


def _apply(
    context: Context,
    conn: Connection,
    files: dict[str, dict[str, int]],
    absent: dict[str, int],
) -> None:
    """Everything that the plan says, in the order in which rows refer to each other."""
    job = context.job
    oneroster.be_swift(conn)
    _wrote(files, "orgs", oneroster.write_orgs(conn, job.id))
    _wrote(files, "academicSessions", oneroster.write_sessions(conn, job.id))
    if not oneroster.update_planned_users(
        conn, job.id, actor=job.requested_by, request_id=job.request_id, reason=WHY
    ):
        raise ChangedMeanwhile("Somebody was changed meanwhile")
    _move_belongings(conn, job.id)
    imports.insert_planned_users(conn, job.id, actor=job.requested_by, request_id=job.request_id)
    _wrote(files, "roles", oneroster.write_roles(conn, job.id))
    _wrote(files, "courses", oneroster.write_courses(conn, job.id))
    _wrote(files, "classes", oneroster.write_classes(conn, job.id))
    _wrote(files, "enrollments", oneroster.write_enrollments(conn, job.id))
    for file, planned in absent.items():
        if oneroster.close_absent(conn, job.id, file) != planned:
            raise ChangedMeanwhile(f"Rows of {file} were changed meanwhile")
    _note(context, conn, files, absent)


def _move_belongings(conn: Connection, job_id: int) -> None:
    """Leavers have no groups and no seats, and their time begins; who comes back has the groups
    again. Rules are applied to everybody by the hourly job, not by two jobs for each person."""
    moves = oneroster.select_planned_moves(conn, job_id)
    left = [move["user_id"] for move in moves if move["leaves"]]
    back = [move["user_id"] for move in moves if not move["leaves"]]
    if moves:
        lifecycle.cancel_timers(conn, left + back)
    if left:
        groups.remember_groups(conn, left)
        licences.release_seats(conn, left)
        lifecycle.start_timers(conn, left, "left")
    if back:
        groups.recall_groups(conn, back)


def _wrote(files: dict[str, dict[str, int]], file: str, written: int) -> None:
    planned = sum(files.get(file, {}).get(action, 0) for action in WRITTEN)
    if written != planned:
        message = f"{planned - written} rows of {file}.csv refer to something that is gone"
        raise Conflict(message, code="roster_incomplete")


def _note(
    context: Context, conn: Connection, files: dict[str, dict[str, int]], absent: dict[str, int]
) -> None:
    """One line of the trail for what is not about persons; theirs have their own."""
    job, told = context.job, {file: of for file, of in files.items() if file != "users"}
    if not absent and not any(set(WRITTEN) & set(of) for of in told.values()):
        return
    details = {"why": WHY, "after": {"files": told, "closed": absent}}
    audit.insert_audit(conn, context.entry("roster.imported", "job", job.id, details=details))
