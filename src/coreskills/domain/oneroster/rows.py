"""The header of a file, and each row by itself."""

from collections.abc import Mapping, Sequence

from coreskills.domain.oneroster.columns import METADATA, OPTIONAL, TABLES, Column
from coreskills.domain.oneroster.lines import MOST_COLUMNS, Line
from coreskills.domain.oneroster.values import KINDS, items
from coreskills.errors import Fault

Row = Mapping[str, str]
FAULT = "fault"  # pseudo columns of a line that is no row: the code, and the message
MESSAGE = "message"
ID = "sourcedId"
_COLUMNS = {file: {column.name: column for column in table} for file, table in TABLES.items()}
_PERSON = {
    "users": ID,
    "demographics": ID,
    **dict.fromkeys(("roles", "enrollments", "userProfiles"), "userSourcedId"),
}
_ORDERED = (("beginDate", "endDate"), ("startDate", "endDate"))


def header_faults(file: str, names: Sequence[str], number: int) -> list[Fault]:
    """Every fault of a header: the columns of the version in their order, then `metadata.`"""
    at = f"{file}.csv line {number}"
    if len(names) > MOST_COLUMNS:
        return [Fault(at, "header_width", f"has over {MOST_COLUMNS} columns")]
    found = [
        Fault(f"{at}, column {n}", "header_empty", "has no name")
        for n, name in enumerate(names, 1)
        if not name.strip()
    ]
    given = [name for name in names if name.strip()]
    for name in dict.fromkeys(given):
        if given.count(name) > 1:
            found.append(Fault(f"{at}, {name[:60]}", "header_duplicate", "appears more than once"))
    known = [name for name in given if name in _COLUMNS[file]]
    for name in given:
        if name not in _COLUMNS[file] and not name.startswith("metadata."):
            found.append(Fault(f"{at}, {name[:60]}", "header_unknown", "is no column of this file"))
    for name in _COLUMNS[file]:
        if name not in known and name not in OPTIONAL.get(file, ()):
            found.append(Fault(f"{at}, {name}", "header_missing", "is missing"))
    return found or _order_faults(file, given, at)


def _order_faults(file: str, names: list[str], at: str) -> list[Fault]:
    known = [name for name in names if name in _COLUMNS[file]]
    if known != [name for name in _COLUMNS[file] if name in known]:
        return [Fault(at, "header_order", "has its columns in another order than OneRoster")]
    if names[: len(known)] != known:
        return [Fault(at, "header_metadata", "has metadata columns that are not at the right")]
    return []


def record(file: str, names: Sequence[str], line: Line) -> dict[str, str]:
    """What is kept of a line: the values that are not empty. Secrets are not, and of the files
    that are not taken over only the ids. A line that is no row keeps what is wrong with it."""
    if line.fault:
        return {FAULT: line.fault.code, MESSAGE: line.fault.message}
    if len(line.values) != len(names):
        count = "more" if len(line.values) > len(names) else len(line.values)
        message = f"has {count} values, the header has {len(names)} columns"
        return {FAULT: "row_width", MESSAGE: message}
    columns = _COLUMNS[file]
    kept = {}
    for name, value in zip(names, line.values, strict=True):
        column = columns.get(name)
        if value and (name in METADATA if column is None else column.kept or name == ID):
            kept[name] = value
        elif value and column is not None and column.required:
            kept[name] = "(given)"  # that there is a value is all that is kept of it
    return kept


def person_key(file: str, row: Row) -> str | None:
    """Of the person that a row tells of, so that it can be forgotten with them."""
    column = _PERSON.get(file)
    return f"users:{row[column]}" if column and column in row else None


def faults(file: str, row: Row, mode: str) -> list[Fault]:
    """Every fault of a row by itself; `at` is the column."""
    if FAULT in row:
        return [Fault("line", row[FAULT], row[MESSAGE])]
    found = []
    for column in TABLES[file]:
        value = row.get(column.name, "")
        wrong = _value_fault(column, value) if value else _missing(column, mode)
        if wrong or (value and (wrong := _forbidden(column, mode))):
            found.append(wrong)
    return found or _together(row)


def _value_fault(column: Column, value: str) -> Fault | None:
    check, code = KINDS[column.kind]
    message = check(value)
    return Fault(column.name, code, message) if message else None


def _missing(column: Column, mode: str) -> Fault | None:
    if column.required:
        return Fault(column.name, "required", "must have a value")
    if mode == "delta" and column.name in ("status", "dateLastModified"):
        return Fault(column.name, "required_in_delta", "must have a value in a delta file")
    return None


def _forbidden(column: Column, mode: str) -> Fault | None:
    if mode == "bulk" and column.name in ("status", "dateLastModified"):
        return Fault(column.name, "forbidden_in_bulk", "must be empty in a bulk file")
    return None


def _together(row: Row) -> list[Fault]:
    """What is wrong with values that are right by themselves."""
    found = []
    subjects, codes = (items(row.get(name, "")) for name in ("subjects", "subjectCodes"))
    if subjects and codes and len(subjects) != len(codes):
        found.append(Fault("subjectCodes", "list_length", "must be as many as subjects"))
    for first, last in _ORDERED:
        if row.get(first, "") > row.get(last, "9"):
            found.append(Fault(last, "date_order", f"is before {first}"))
    if row.get("parentSourcedId") == row.get(ID):
        found.append(Fault("parentSourcedId", "parent_is_itself", "is the row itself"))
    return found
