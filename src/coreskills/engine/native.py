"""The reference engine: the semantics of the KISDIdentity commands in Python.

Parameters and outputs carry the names of the PowerShell module. Facts of the context:
`TakenUsernames`, `StudentMailDomain`, `StaffMailDomain`, `DirectorySuffix`; for the commands of
engine/lifecycle.py, `Account`.
"""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from pydantic import ValidationError

from coreskills.domain.naming import free_username, staff_unit, stem, student_unit
from coreskills.domain.people import Staff, Student, faults
from coreskills.engine import lifecycle
from coreskills.errors import EngineFailed

Facts = dict[str, Any]
Answer = dict[str, Any]
_P = TypeVar("_P", Student, Staff)


def new_student_account(parameters: dict[str, Any], facts: Facts) -> Answer:
    student = _parse(
        Student,
        student_id=parameters.get("StudentID"),
        first_name=parameters.get("FirstName"),
        last_name=parameters.get("LastName"),
        grade_level=parameters.get("GradeLevel"),
        graduation_year=parameters.get("GraduationYear"),
    )
    return {
        "StudentID": student.key,
        **_account(student.model_dump(), facts["TakenUsernames"], facts),
    }


def new_staff_account(parameters: dict[str, Any], facts: Facts) -> Answer:
    staff = _parse(
        Staff,
        employee_id=parameters.get("EmployeeID"),
        first_name=parameters.get("FirstName"),
        last_name=parameters.get("LastName"),
        department=parameters.get("Department"),
        role=parameters.get("Role"),
    )
    return {"EmployeeID": staff.key, **_account(staff.model_dump(), facts["TakenUsernames"], facts)}


def new_account_batch(parameters: dict[str, Any], facts: Facts) -> Answer:
    """Rows that passed validation, in order; the names given to earlier rows count as taken."""
    taken = set(facts["TakenUsernames"])
    accounts = []
    for row in parameters["Rows"]:
        try:
            account = _account(row, taken, facts)
            taken.add(account["Username"])
        except EngineFailed as exc:
            account = {"ErrorCode": exc.code, "ErrorMessage": exc.message}
        accounts.append(account)
    return {"Accounts": accounts}


def test_account_exists(parameters: dict[str, Any], facts: Facts) -> Answer:
    return {
        "Username": parameters["Username"],
        "Exists": parameters["Username"] in facts["TakenUsernames"],
    }


COMMANDS: dict[str, Callable[[dict[str, Any], Facts], Answer]] = {
    "New-KISDStudentAccount": new_student_account,
    "New-KISDStaffAccount": new_staff_account,
    "New-KISDAccountBatch": new_account_batch,
    "Suspend-KISDAccount": lifecycle.suspend_account,
    "Resume-KISDAccount": lifecycle.resume_account,
    "Disable-KISDAccount": lifecycle.disable_account,
    "Restore-KISDAccount": lifecycle.restore_account,
    "Remove-KISDAccount": lifecycle.remove_account,
    "Test-KISDAccountExists": test_account_exists,
}


class NativeEngine:
    name = "native"

    def invoke(
        self, command: str, parameters: dict[str, Any], context: dict[str, Any], deadline: float
    ) -> dict[str, Any]:
        run = COMMANDS.get(command)
        if run is None:
            raise EngineFailed(
                f"{command} is not a command of KISDIdentity",
                permanent=True,
                code="unknown_command",
            )
        return run(parameters, context)


def _account(row: dict[str, Any], taken: Collection[str], facts: Facts) -> Answer:
    suffix = facts["DirectorySuffix"]
    if "student_id" in row:
        key, domain = row["student_id"], facts["StudentMailDomain"]
        unit = student_unit(row["graduation_year"], suffix)
    else:
        key, domain = row["employee_id"], facts["StaffMailDomain"]
        unit = staff_unit(row["department"], suffix)
    base = stem("student_id" in row, row["first_name"], row["last_name"], key)
    username = free_username(base, taken)
    return {"Username": username, "Email": f"{username}@{domain}", "OU": unit, "Created": True}


def _parse(model: type[_P], **values: Any) -> _P:
    try:
        return model.model_validate({k: v for k, v in values.items() if v is not None})
    except ValidationError as exc:
        text = "; ".join(f"{fault.at} {fault.message}" for fault in faults(exc, at=""))
        raise EngineFailed(text, permanent=True, code="validation_failed") from None
