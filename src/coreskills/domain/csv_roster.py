"""The simple roster file: which columns it has, and what person a row stands for.

Columns as in the original (StudentID, FirstName, LastName, GradeLevel, GraduationYear), and for
staff EmployeeID, Department, Role. One file may hold both; `Type` says which a row is, and where
that column is missing, the filled id does.
"""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from coreskills.domain.people import Person, Staff, Student, faults
from coreskills.errors import Fault, Invalid

FIELDS = {
    "StudentID": "student_id",
    "EmployeeID": "employee_id",
    "FirstName": "first_name",
    "LastName": "last_name",
    "GradeLevel": "grade_level",
    "GraduationYear": "graduation_year",
    "Department": "department",
    "Role": "role",
}
STUDENT = ("StudentID", "FirstName", "LastName", "GradeLevel", "GraduationYear")
STAFF = ("EmployeeID", "FirstName", "LastName", "Department", "Role")
MODELS: dict[str, tuple[type[Person], tuple[str, ...]]] = {
    "student": (Student, STUDENT),
    "staff": (Staff, STAFF),
}
WIDTH = "columns"  # pseudo field of a row with too few or too many values
_KNOWN = {name.lower(): name for name in ("Type", *FIELDS)}
_LABELS = {field: name for name, field in FIELDS.items()}


def columns(header: Sequence[str]) -> list[str]:
    """The header's columns under their proper names; case and outer spaces do not matter.

    Raises Invalid naming every unknown, repeated or missing column.
    """
    names = [_KNOWN.get(cell.strip().lower(), "") for cell in header]
    wrong = [
        Fault(
            f"line 1, {cell.strip()[:60] or 'empty column'}", "csv_header", "is not a known column"
        )
        for cell, name in zip(header, names, strict=True)
        if not name
    ]
    wrong += [
        Fault(f"line 1, {name}", "csv_header", "appears more than once")
        for name in dict.fromkeys(names)
        if name and names.count(name) > 1
    ]
    if not (set(STUDENT) <= set(names) or set(STAFF) <= set(names)):
        lacking = [name for name in STUDENT if name not in names]
        wrong += [
            Fault(
                f"line 1, {name}",
                "csv_header",
                "is missing (a roster of staff needs instead: " + ", ".join(STAFF) + ")",
            )
            for name in lacking
        ]
    if wrong:
        raise Invalid("The first line is not the header of a roster", wrong)
    return names


def record(names: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    """A row as {column: trimmed value}. A row of the wrong width keeps the count instead."""
    if len(values) != len(names):
        return {WIDTH: f"has {len(values)} values, the header has {len(names)} columns"}
    return {name: value.strip() for name, value in zip(names, values, strict=True)}


def natural_key(row: Mapping[str, str]) -> str | None:
    """`student:S2027001`: what makes two rows of a file the same person."""
    kind = _kind(row)
    value = row.get(MODELS[kind][1][0], "") if kind in MODELS else ""
    return f"{kind}:{value}" if value else None


def person(row: Mapping[str, str]) -> Person:
    """Raises Invalid with every fault of the row; `at` is the column."""
    if WIDTH in row:
        raise Invalid("The row does not fit", [Fault(WIDTH, "csv_row", row[WIDTH])])
    kind = _kind(row)
    if kind not in MODELS:
        raise Invalid(
            "The row is of no known type",
            [Fault("Type", "csv_row", f"must be student or staff, is {row.get('Type', '')!r}")],
        )
    model, wanted = MODELS[kind]
    values = {FIELDS[name]: _value(name, row.get(name, "")) for name in wanted}
    try:
        return model.model_validate({k: v for k, v in values.items() if v != ""})
    except ValidationError as exc:
        raise Invalid("The row is not valid", [_labelled(f) for f in faults(exc, at="")]) from None


def _kind(row: Mapping[str, str]) -> str:
    if "Type" in row:
        return row["Type"].lower()
    return "staff" if row.get("EmployeeID") and not row.get("StudentID") else "student"


def _value(name: str, text: str) -> str | int:
    whole = name in ("GradeLevel", "GraduationYear") and text.isascii() and text.isdigit()
    return int(text) if whole and len(text) < 10 else text


def _labelled(fault: Fault) -> Fault:
    return Fault(_LABELS.get(fault.at, fault.at), fault.code, fault.message)
