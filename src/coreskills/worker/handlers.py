"""One function per kind of job. It gathers facts, asks the engine, and says what to write."""

from collections.abc import Callable
from typing import Any

from coreskills.domain.naming import username_stem
from coreskills.domain.people import Person, Staff, Student
from coreskills.errors import NotFound
from coreskills.store import audit, housekeeping, users
from coreskills.store.db import Connection
from coreskills.worker import accounts, compliance, custody, reconcile
from coreskills.worker.context import Context, Outcome
from coreskills.worker.importing import import_users
from coreskills.worker.privacy import export_person, retention_sweep
from coreskills.worker.roster_export import export_oneroster
from coreskills.worker.rosters import import_oneroster
from coreskills.worker.trail import audit_verify

Handler = Callable[[Context], Outcome]
# What the first version answered; the rest of the engine's answer says the same once more.
RESULT = ("StudentID", "EmployeeID", "Username", "Email", "OU", "Created")


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


def self_test(context: Context) -> Outcome:
    """The whole path without a person: queue, engine, PostgreSQL."""
    result = context.invoke(
        "Test-KISDAccountExists", {"Username": "self.test"}, {"TakenUsernames": []}
    )
    return Outcome(result | {"Engine": context.engine.name})


def sweep_expired(context: Context) -> Outcome:
    with context.db.transaction() as conn:
        return Outcome({"Removed": housekeeping.sweep(conn)})


HANDLERS: dict[str, Handler] = {
    "create_student": create_student,
    "create_staff": create_staff,
    **dict.fromkeys(accounts.ACTS, accounts.move_account),
    "lifecycle_tick": accounts.tick,
    "device_register": custody.register,
    "device_assign": custody.assign,
    "device_return": custody.take_back,
    "device_set": custody.set_device,
    "device_retire": custody.retire,
    "device_return_cohort": custody.take_back_cohort,
    "policy_evaluate": compliance.evaluate,
    "import_users": import_users,
    "oneroster_import": import_oneroster,
    "oneroster_export": export_oneroster,
    "audit_verify": audit_verify,
    "reconcile": reconcile.compare,
    "export_person": export_person,
    "retention_sweep": retention_sweep,
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
        details = {"after": account}
        audit.insert_audit(conn, context.audit(f"{kind}.created", id, details))

    return Outcome({name: account[name] for name in RESULT if name in account}, write)


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
