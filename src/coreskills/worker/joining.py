"""Who joins: an account is made, or the one that is there already is told.

The hot path: two reads, one call of the engine, and in the end one row and one line of the trail.
"""

from typing import Any

from coreskills.domain.accounts import NewStaff, NewStudent
from coreskills.domain.naming import username_stem
from coreskills.store import audit, lifecycle, users
from coreskills.store.db import Connection
from coreskills.worker.accounts import carry_out, case_of
from coreskills.worker.context import Context, Outcome
from coreskills.worker.facts import account_facts, moment
from coreskills.worker.plans import Change, Plan, carried_out

Row = dict[str, Any]
# What the first version answered; the rest of the engine's answer says the same once more.
RESULT = ("StudentID", "EmployeeID", "Username", "Email", "OU", "Created")
_COLUMNS = ("student_id", "employee_id", "grade_level", "graduation_year", "department", "role")


def create_student(context: Context) -> Outcome:
    student = NewStudent.model_validate(context.job.parameters)
    parameters = {
        "StudentID": student.student_id,
        "FirstName": student.first_name,
        "LastName": student.last_name,
        "GradeLevel": student.grade_level,
        "GraduationYear": student.graduation_year,
    }
    return _create(context, "New-KISDStudentAccount", student, parameters)


def create_staff(context: Context) -> Outcome:
    staff = NewStaff.model_validate(context.job.parameters)
    parameters = {
        "EmployeeID": staff.employee_id,
        "FirstName": staff.first_name,
        "LastName": staff.last_name,
        "Department": staff.department,
        "Role": staff.role,
    }
    return _create(context, "New-KISDStaffAccount", staff, parameters)


def _create(
    context: Context, command: str, person: NewStudent | NewStaff, parameters: Row
) -> Outcome:
    kind = "student" if isinstance(person, NewStudent) else "staff"
    stem = username_stem(person)
    facts: Row = {}
    with context.db.reading() as conn:
        existing = users.select_user_id(conn, kind, person.key)
        if existing is None:
            taken = users.select_taken_usernames(conn, [stem], widely=context.race > 0)
            facts["TakenUsernames"] = sorted(taken)
        if person.starts_on:
            facts["Now"] = moment(lifecycle.select_now(conn))
            parameters["StartDate"] = person.starts_on
    if existing:
        return _again(context, command, person, parameters, existing)
    account = context.invoke(command, parameters, facts)
    return _made(context, person, account, _row(kind, person, stem, account))


def _made(context: Context, person: NewStudent | NewStaff, account: Row, row: Row) -> Outcome:
    kind, result = row["user_type"], {name: account[name] for name in RESULT if name in account}
    if row["state"] == "staged":
        result |= {"State": "staged", "StartsOn": person.starts_on}

    def write(conn: Connection) -> None:
        id = users.insert_user(conn, row)
        if row["state"] == "staged":
            first_day = f"{person.starts_on}T00:00:00Z"
            lifecycle.start_timers(conn, [id], "joined", since=first_day)
        details = {"after": account}
        audit.insert_audit(conn, context.entry_of_user(f"{kind}.created", id, details))

    return _ended(context, person, account, Outcome(result, write))


def _ended(
    context: Context, person: NewStudent | NewStaff, answer: Row, outcome: Outcome
) -> Outcome:
    """A report, and the reads that it costs, only where a plan is made or followed."""
    if not (person.dry_run or person.plan_id):
        return outcome
    kind = "student" if isinstance(person, NewStudent) else "staff"
    key, action = f"{kind}:{person.key}", answer["Action"]
    change = Change(key, action, answer["Before"], answer["After"])
    return carried_out(context, Plan([change], outcome.write, outcome.result))


def _again(
    context: Context, command: str, person: NewStudent | NewStaff, parameters: Row, id: int
) -> Outcome:
    """The same person again is no error and no change: the account there is, is the answer. Who was
    disabled or archived comes back only if that was asked for."""
    case = case_of(context, "restore_account", person, id)
    if person.revive and case.account["state"] in ("disabled", "archived"):
        return carry_out(context, case.decide(), "revived")
    facts = {"Account": account_facts(case.account, context.settings), "Now": case.now}
    account = context.invoke(command, parameters, facts)
    told = Outcome({name: account[name] for name in RESULT if name in account})
    return _ended(context, person, account, told)


def _row(kind: str, person: NewStudent | NewStaff, stem: str, account: Row) -> Row:
    staged = account["After"]["State"] == "staged"
    return {
        **dict.fromkeys(_COLUMNS),
        **person.model_dump(),
        "user_type": kind,
        "username": account["Username"],
        "username_stem": stem,
        "email": account["Email"],
        "ou": account["OU"],
        "state": account["After"]["State"],
        "starts_on": person.starts_on if staged else None,
    }
