"""Whom a row of users.csv stands for, in the words of this district.

The id of a person is the entry of userIds of type studentId or employeeId, else `identifier`.
A student is who has the role student, staff who has another role of a school; the primary role
decides. Guardians have no account here, and a high school has the grades 9 to 12.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import ValidationError

from coreskills.domain.oneroster.values import items, user_ids
from coreskills.domain.people import Person, Staff, Student, faults
from coreskills.errors import Fault, Invalid

Row = Mapping[str, str]
GUARDIANS = frozenset({"guardian", "parent", "relative"})
GRADES = {f"{grade:02}": grade for grade in range(9, 13)}
_TYPES = {"studentid": "student", "employeeid": "staff"}
_COLUMNS = {
    "student_id": "identifier",
    "employee_id": "identifier",
    "first_name": "givenName",
    "last_name": "familyName",
    "grade_level": "grades",
    "graduation_year": "metadata.graduationYear",
    "department": "metadata.department",
    "role": "metadata.title",
}


class Role(Protocol):
    @property
    def primary(self) -> bool: ...
    @property
    def role(self) -> str: ...
    @property
    def org(self) -> str: ...


@dataclass(frozen=True)
class Surroundings:
    """What a row does not say itself: names of orgs, and the year in which the school year ends."""

    orgs: Mapping[str, str]
    school_year: int


class Skipped(Exception):
    """The row is right, and not for us."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def natural_key(row: Row) -> str | None:
    """The id of the person at the district."""
    for kind, value in user_ids(row.get("userIds", "")):
        if kind.lower().replace("_", "") in _TYPES:
            return value.strip()
    return row.get("identifier")


def kind(row: Row, roles: Sequence[Role], known: str | None) -> str:
    """student or staff. `known` is what the person is already; it decides when no role is given.

    Raises Skipped for guardians, Invalid for who has no role, or roles of both kinds.
    """
    primary = [role for role in roles if role.primary]
    if known and not primary:
        return known
    wanted = primary or roles
    kinds = {_kind(role.role) for role in wanted}
    if len(kinds) > 1:
        kinds.discard("guardian")
    if kinds == {"guardian"}:
        raise Skipped(Fault("sourcedId", "role_out_of_scope", "is a guardian, parent or relative"))
    if len(kinds) == 1:
        return kinds.pop()
    code = "role_conflict" if kinds else "role_missing"
    message = "has primary roles of both kinds" if kinds else "has no role in roles.csv"
    raise Invalid("The role is not clear", [Fault("sourcedId", code, message)])


def person(
    row: Row, kind: str, roles: Sequence[Role], known: Mapping[str, object] | None, at: Surroundings
) -> Person:
    """What the person shall be. What the row leaves open stays as `known`, or follows from the
    role, the org and the school year. Raises Skipped, or Invalid with every fault."""
    if kind == "student":
        values = _student(row, known, at)
        model: type[Person] = Student
    else:
        values = _staff(row, roles, known, at)
        model = Staff
    if not natural_key(row):
        message = "must have the id of the person, or userIds one of type studentId or employeeId"
        raise Invalid("Nobody", [Fault("identifier", "identifier_missing", message)])
    try:
        return model.model_validate(values)
    except ValidationError as exc:
        raise Invalid("The person is not valid", [_named(f) for f in faults(exc, at="")]) from None


def school(row: Row, roles: Sequence[Role]) -> str | None:
    """The org where the person belongs: the primary one, else that of the first primary role."""
    if "primaryOrgSourcedId" in row:
        return row["primaryOrgSourcedId"]
    return next((role.org for role in roles if role.primary), None)


def grade(row: Row) -> int:
    """Raises Skipped for one that is taught elsewhere, Invalid without any."""
    given = items(row.get("grades", ""))
    if not given:
        raise Invalid("No grade", [Fault("grades", "grade_missing", "a student must have one")])
    taught = [GRADES[one] for one in given if one in GRADES]
    if not taught:
        message = f"grade {', '.join(given)} is not taught here; 09 to 12 are"
        raise Skipped(Fault("grades", "grade_out_of_scope", message))
    return taught[0]


def _kind(role: str) -> str:
    if role in GUARDIANS:
        return "guardian"
    return "student" if role == "student" else "staff"


def _student(row: Row, known: Mapping[str, object] | None, at: Surroundings) -> dict[str, object]:
    level = grade(row)
    given = row.get("metadata.graduationYear", "")
    year: object = int(given) if given.isascii() and given.isdigit() else given
    if not given:
        year = known["graduation_year"] if known else at.school_year + 12 - level
    return _names(row, "student_id") | {"grade_level": level, "graduation_year": year}


def _staff(
    row: Row, roles: Sequence[Role], known: Mapping[str, object] | None, at: Surroundings
) -> dict[str, object]:
    first = next((role for role in roles if role.primary), None) or next(iter(roles), None)
    if known:
        usual = {"department": known["department"], "role": known["role"]}
    else:
        title = first.role.removeprefix("ext:") if first else "staff"
        org = at.orgs.get(first.org, "") if first else ""
        usual = {"department": org or "Staff", "role": title}
    return {
        **_names(row, "employee_id"),
        "department": row.get("metadata.department", usual["department"]),
        "role": row.get("metadata.title", usual["role"]),
    }


def _names(row: Row, id: str) -> dict[str, object]:
    return {
        id: natural_key(row) or "",
        "first_name": row["givenName"],
        "last_name": row["familyName"],
    }


def _named(fault: Fault) -> Fault:
    return Fault(_COLUMNS.get(fault.at, fault.at), fault.code, fault.message)
