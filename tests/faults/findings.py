"""What stands in the database after a run, read once."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Ask = Callable[[str], list[tuple[Any, ...]]]
USER = (
    "id user_type student_id employee_id first_name last_name username username_stem email ou"
    " grade_level graduation_year department role"
)
JOB = "id job_type status parameters result requested_by error_code error_message"
TRAIL = "id action user_id job_id status"
OPEN_ATTEMPTS = "job_attempts WHERE outcome IS NULL"


@dataclass
class Findings:
    jobs: dict[int, Row]
    users: dict[str, list[Row]]  # by the school's id
    trail: dict[int, list[Row]]  # by job, in the order of their ids
    made: Counter[int]  # how often the trail says that a user was created
    keys: dict[str, list[int]]
    attempts: list[Row]  # that have not ended


def find(ask: Ask) -> Findings:
    jobs = {row["id"]: row for row in _select(ask, JOB, "jobs")}
    users: dict[str, list[Row]] = defaultdict(list)
    for row in _select(ask, USER, "users"):
        users[row["student_id"] or row["employee_id"]].append(row)
    trail: dict[int, list[Row]] = defaultdict(list)
    made: Counter[int] = Counter()
    for row in _select(ask, TRAIL, "audit_logs ORDER BY id"):
        trail[row["job_id"] or 0].append(row)
        if row["action"].endswith(".created") and row["user_id"]:
            made[row["user_id"]] += 1
    keys: dict[str, list[int]] = defaultdict(list)
    for row in _select(ask, "key job_id", "idempotency_keys"):
        keys[row["key"]].append(row["job_id"])
    attempts = _select(ask, "job_id attempt", OPEN_ATTEMPTS)
    return Findings(jobs, users, trail, made, keys, attempts)


def _select(ask: Ask, columns: str, source: str) -> list[Row]:
    names = columns.split()
    return [
        dict(zip(names, row, strict=True))
        for row in ask(f"SELECT {', '.join(names)} FROM {source}")
    ]
