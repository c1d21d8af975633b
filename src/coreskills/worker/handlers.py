"""One function per kind of job. It gathers facts, asks the engine, and says what to write."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from coreskills.domain.naming import username_stem
from coreskills.domain.people import DisableAccount, Person, Staff, Student
from coreskills.errors import NotFound
from coreskills.store import audit, housekeeping, users
from coreskills.store.db import Connection
from coreskills.worker.context import Context, Outcome
from coreskills.worker.importing import import_users

Handler = Callable[[Context], Outcome]


def create_student(context: Context) -> Outcome:
    student = Student.model_validate(context.job.parameters)
    parameters = {
        "StudentID": student.student_id,
        "FirstName": student.first_name,
        "LastName": student.last_name,
        "GradeLevel": student.grade_level,
        "GraduationYear": student.graduation_year,
    }
    return _create(context, "New-KISDStudentAccount", student, parameters)


def create_staff(context: Context) -> Outcome:
    staff = Staff.model_validate(context.job.parameters)
    parameters = {
        "EmployeeID": staff.employee_id,
        "FirstName": staff.first_name,
        "LastName": staff.last_name,
        "Department": staff.department,
        "Role": staff.role,
    }
    return _create(context, "New-KISDStaffAccount", staff, parameters)


def disable_account(context: Context) -> Outcome:
    wanted = DisableAccount.model_validate(context.job.parameters)
    with context.db.reading() as conn:
        account = users.select_user(conn, wanted.user_id)
    if account is None:
        raise NotFound(f"There is no user {wanted.user_id}")
    facts = {"Account": _described(account), "Now": _now()}
    result = context.invoke("Disable-KISDAccount", {"Reason": wanted.reason}, facts)

    def write(conn: Connection) -> None:
        if users.disable_user(conn, wanted.user_id, wanted.reason):
            details = {"reason": wanted.reason}
            audit.insert_audit(conn, context.audit("account.disabled", wanted.user_id, details))

    return Outcome(result, write)


def self_test(context: Context) -> Outcome:
    """The whole path without a person: queue, engine, PostgreSQL."""
    result = context.invoke(
        "Test-KISDAccountExists", {"Username": "self.test"}, {"TakenUsernames": []}
    )
    return Outcome(result | {"Engine": context.engine.name})


def sweep_expired(context: Context) -> Outcome:
    with context.db.transaction() as conn:
        return Outcome({"Removed": housekeeping.sweep(conn)})


def _described(user: dict[str, Any]) -> dict[str, Any]:
    """A row of users as the engine knows accounts."""
    return {
        "Username": user["username"],
        "OU": user["ou"],
        "Kind": user["type"],
        "State": "active" if user["is_active"] else "disabled",
        "DisableReason": user["disable_reason"],
        "Groups": [],
    }


def _now() -> str:
    """For the engine's plan; what is written, the database's clock decides."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


HANDLERS: dict[str, Handler] = {
    "create_student": create_student,
    "create_staff": create_staff,
    "disable_account": disable_account,
    "import_users": import_users,
    "self_test": self_test,
    "sweep_expired": sweep_expired,
}


def _create(context: Context, command: str, person: Person, parameters: dict[str, Any]) -> Outcome:
    kind = "student" if isinstance(person, Student) else "staff"
    stem = username_stem(person)
    with context.db.reading() as conn:
        existing = users.select_user_id(conn, kind, person.key)
        if existing:
            return _unchanged(conn, existing)
        taken = users.select_taken_usernames(conn, [stem], widely=context.race > 0)
    account = context.invoke(command, parameters, {"TakenUsernames": sorted(taken)})

    def write(conn: Connection) -> None:
        id = users.insert_user(conn, _row(kind, person, stem, account))
        details = {"username": account["Username"]}
        audit.insert_audit(conn, context.audit(f"{kind}.created", id, details))

    return Outcome(account, write)


def _unchanged(conn: Connection, id: int) -> Outcome:
    """The same person again is no error and no change: the account there is, is the answer."""
    user = users.select_user(conn, id)
    if user is None:
        raise NotFound(f"User {id} vanished while we looked at it")
    key = {"StudentID": user["student_id"]} if user["student_id"] else {}
    key |= {"EmployeeID": user["employee_id"]} if user["employee_id"] else {}
    account = {"Username": user["username"], "Email": user["email"], "OU": user["ou"]}
    return Outcome(key | account | {"Created": False})


def _row(kind: str, person: Person, stem: str, account: dict[str, Any]) -> dict[str, Any]:
    empty = dict.fromkeys(
        ("student_id", "employee_id", "grade_level", "graduation_year", "department", "role")
    )
    return {
        **empty,
        **person.model_dump(),
        "user_type": kind,
        "username": account["Username"],
        "username_stem": stem,
        "email": account["Email"],
        "ou": account["OU"],
    }
