"""An account as commands want to know it, and what they answer as columns."""

from datetime import UTC, datetime
from typing import Any

from coreskills.config import Settings

Row = dict[str, Any]
COLUMNS = {
    "State": "state",
    "DisableReason": "disable_reason",
    "OU": "ou",
    "OriginalOU": "original_ou",
    "Username": "username",
    "Email": "email",
    "FirstName": "first_name",
    "LastName": "last_name",
    "GradeLevel": "grade_level",
    "GraduationYear": "graduation_year",
    "Department": "department",
    "Role": "role",
}
NAMES = {column: name for name, column in COLUMNS.items()}


def account_facts(account: Row, settings: Settings) -> Row:
    is_student = account["user_type"] == "student"
    domain = settings.student_mail_domain if is_student else settings.staff_mail_domain
    return {
        **{name: account[column] for name, column in COLUMNS.items()},
        "Kind": account["user_type"],
        "PersonKey": account["student_id"] or account["employee_id"],
        "School": account["school"],
        "Aliases": [f"{name}@{domain}" for name in account["aliases"]],
        "Groups": account["groups"],
        "RememberedGroups": account["remembered_groups"],
        "Licences": account["licences"],
    }


def moment(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def key_of(account: Row) -> str:
    """The natural key, as reports show it; of who was purged only the number is left."""
    key = account["student_id"] or account["employee_id"]
    return f"{account['user_type']}:{key}" if key else f"user:{account['id']}"


def columns_of(after: Row) -> Row:
    return {COLUMNS[name]: value for name, value in after.items() if name in COLUMNS}
