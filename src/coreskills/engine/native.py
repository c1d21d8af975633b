"""The reference engine: the semantics of the KISDIdentity commands in Python.

Parameters and outputs carry the names of the PowerShell module. Facts of the context:
`TakenUsernames`, `StudentMailDomain`, `StaffMailDomain`, `DirectorySuffix`, `Account`.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import ValidationError

from coreskills.domain.naming import free_username, organisational_unit, username_stem
from coreskills.domain.people import Person, Staff, Student, faults
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
    return {"StudentID": student.key, **_account(student, set(facts["TakenUsernames"]), facts)}


def new_staff_account(parameters: dict[str, Any], facts: Facts) -> Answer:
    staff = _parse(
        Staff,
        employee_id=parameters.get("EmployeeID"),
        first_name=parameters.get("FirstName"),
        last_name=parameters.get("LastName"),
        department=parameters.get("Department"),
        role=parameters.get("Role"),
    )
    return {"EmployeeID": staff.key, **_account(staff, set(facts["TakenUsernames"]), facts)}


def new_account_batch(parameters: dict[str, Any], facts: Facts) -> Answer:
    """Rows that passed validation, in order; the names given to earlier rows count as taken."""
    taken = set(facts["TakenUsernames"])
    accounts = []
    for row in parameters["Rows"]:
        person: Person = (Student if "student_id" in row else Staff).model_construct(**row)
        try:
            account = _account(person, taken, facts)
            taken.add(account["Username"])
        except EngineFailed as exc:
            account = {"ErrorCode": exc.code, "ErrorMessage": exc.message}
        accounts.append(account)
    return {"Accounts": accounts}


def disable_account(parameters: dict[str, Any], facts: Facts) -> Answer:
    account = facts["Account"]
    if account is None:
        raise EngineFailed("There is no such account", permanent=True, code="not_found")
    return {
        "Username": account["username"],
        "Disabled": bool(account["is_active"]),
        "Reason": parameters["Reason"],
    }


def test_account_exists(parameters: dict[str, Any], facts: Facts) -> Answer:
    return {
        "Username": parameters["Username"],
        "Exists": parameters["Username"] in facts["TakenUsernames"],
    }


COMMANDS: dict[str, Callable[[dict[str, Any], Facts], Answer]] = {
    "New-KISDStudentAccount": new_student_account,
    "New-KISDStaffAccount": new_staff_account,
    "New-KISDAccountBatch": new_account_batch,
    "Disable-KISDAccount": disable_account,
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


def _account(person: Person, taken: set[str], facts: Facts) -> Answer:
    username = free_username(username_stem(person), taken)
    domain = facts["StudentMailDomain" if isinstance(person, Student) else "StaffMailDomain"]
    return {
        "Username": username,
        "Email": f"{username}@{domain}",
        "OU": organisational_unit(person, facts["DirectorySuffix"]),
        "Created": True,
    }


def _parse(model: type[_P], **values: Any) -> _P:
    try:
        return model.model_validate({k: v for k, v in values.items() if v is not None})
    except ValidationError as exc:
        text = "; ".join(f"{fault.at} {fault.message}" for fault in faults(exc, at=""))
        raise EngineFailed(text, permanent=True, code="validation_failed") from None
