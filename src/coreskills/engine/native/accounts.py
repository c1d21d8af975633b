"""Accounts that come into being."""

from collections.abc import Collection
from typing import Any

from coreskills.domain.naming import free_username, staff_unit, stem, student_unit
from coreskills.engine.native.answers import Answer, Facts, change, fact, moment, refusal
from coreskills.engine.parameters import NewAccountBatch, NewStaffAccount, NewStudentAccount
from coreskills.errors import EngineFailed


def new_student_account(wanted: NewStudentAccount, facts: Facts) -> Answer:
    """A student's account: username, e-mail, and the unit of the class. Who exists is no error."""
    row = {
        "student_id": wanted.StudentID,
        "first_name": wanted.FirstName,
        "last_name": wanted.LastName,
        "graduation_year": wanted.GraduationYear,
    }
    return {"StudentID": wanted.StudentID, **_created(row, facts, wanted.StartDate)}


def new_staff_account(wanted: NewStaffAccount, facts: Facts) -> Answer:
    """An account of staff: username, e-mail, and the unit of the department."""
    row = {
        "employee_id": wanted.EmployeeID,
        "first_name": wanted.FirstName,
        "last_name": wanted.LastName,
        "department": wanted.Department,
    }
    return {"EmployeeID": wanted.EmployeeID, **_created(row, facts, wanted.StartDate)}


def new_account_batch(wanted: NewAccountBatch, facts: Facts) -> Answer:
    """Names for many rows at once, in order; names given to earlier rows count as taken. Rows are
    those of a roster that passed validation: student_id or employee_id, first_name, last_name,
    graduation_year or department. A row without a free name gets ErrorCode and ErrorMessage."""
    taken = set(fact(facts, "TakenUsernames"))
    accounts = []
    for row in wanted.Rows:
        try:
            account = _named(row, taken, facts)
            taken.add(account["Username"])
        except EngineFailed as exc:
            account = {"ErrorCode": exc.code, "ErrorMessage": exc.message}
        accounts.append(account)
    return {"Accounts": accounts}


def _created(row: dict[str, Any], facts: Facts, start: str | None) -> Answer:
    existing = facts.get("Account")
    if existing is not None:
        return _found(existing)
    account = _named(row, fact(facts, "TakenUsernames"), facts)
    staged = start is not None and start > moment(facts).strftime("%Y-%m-%d")
    after = {
        "State": "staged" if staged else "active",
        "Username": account["Username"],
        "Email": account["Email"],
        "OU": account["OU"],
        "MustChangePassword": True,
    }
    return account | change("create", {}, after)


def _found(existing: dict[str, Any]) -> Answer:
    """The same person again: no change, unless somebody ended the account."""
    if existing["State"] not in ("staged", "active", "suspended"):
        raise refusal(
            "state_conflict", f"{existing['Username']} is {existing['State']}; restore it instead"
        )
    account = {name: existing[name] for name in ("Username", "Email", "OU")}
    return account | {"Created": False} | change("create", {}, {})


def _named(row: dict[str, Any], taken: Collection[str], facts: Facts) -> Answer:
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
