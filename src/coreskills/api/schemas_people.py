"""What the API answers about groups, licences, schools, cohorts and passwords."""

from datetime import datetime
from typing import Any, Literal

from coreskills.api.schemas import Answer


class Group(Answer):
    id: int
    name: str
    kind: Literal["static", "rule"]
    description: str


class GroupList(Answer):
    groups: list[Group]
    next: str | None = None


class MemberList(Answer):
    members: list[dict[str, Any]]
    next: str | None = None


class Licence(Answer):
    id: int
    sku: str
    name: str
    seats: int
    used: int


class LicenceList(Answer):
    licences: list[Licence]
    next: str | None = None


class SeatList(Answer):
    assignments: list[dict[str, Any]]
    next: str | None = None


class School(Answer):
    id: int
    sourced_id: str
    name: str
    type: str
    top_grade: int | None
    feeder_id: int | None


class SchoolList(Answer):
    schools: list[School]
    next: str | None = None


class LifecycleStep(Answer):
    event: str
    user_type: str
    position: int
    job_type: str
    offset_days: int
    enabled: bool


class CohortStep(Answer):
    id: int
    school_year: int
    school_id: int
    job_id: int
    stepped_at: datetime


class CohortSteps(Answer):
    cohorts: list[CohortStep]
    next: str | None = None


class ShownPassword(Answer):
    """The only time that it is seen."""

    user_id: int
    username: str
    password: str
    must_change_password: bool
