"""What the API answers, for its description. Bodies that come in are in domain/."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from coreskills.domain.access import Role
from coreskills.domain.devices import Status
from coreskills.domain.lifecycle import State
from coreskills.domain.people import Change, Strict
from coreskills.domain.text import Label

JobStatus = Literal["queued", "running", "completed", "failed", "dead", "cancelled", "suspended"]


class Answer(BaseModel):
    model_config = ConfigDict(extra="allow")  # more fields may come; clients ignore the unknown


class Health(Answer):
    status: Literal["healthy", "degraded", "unhealthy"]
    timestamp: datetime
    service: str
    database: str
    redis: str


class Accepted(Answer):
    job_id: int
    status: JobStatus


class AcceptedJobs(Answer):
    jobs: list[Accepted]


class Job(Answer):
    id: int
    type: str
    status: JobStatus
    data: dict[str, Any]
    result: dict[str, Any] | None
    error_code: str | None
    error_message: str | None
    attempt: int
    created_at: datetime
    completed_at: datetime | None


class JobList(Answer):
    jobs: list[dict[str, Any]]
    next: str | None = None


class User(Answer):
    """Of somebody who was purged, names and addresses are null."""

    id: int
    type: Literal["student", "staff"]
    first_name: str | None
    last_name: str | None
    email: str | None
    username: str | None
    is_active: bool


class Timer(Answer):
    id: int
    type: str
    due_at: datetime
    reason: str
    fired_at: datetime | None
    job_id: int | None
    cancelled_at: datetime | None


class Lifecycle(Answer):
    user_id: int
    state: State
    state_since: datetime
    disable_reason: str | None
    aliases: list[str]
    school: str | None
    groups: list[str]
    remembered_groups: list[str]
    licences: list[str]
    events: list[str]
    timers: list[Timer]


class LifecycleSteps(Answer):
    steps: list[dict[str, Any]]


class LifecycleClock(Answer):
    now: datetime
    ahead: str


class UserList(Answer):
    users: list[User]
    next: str | None = None


class StudentList(Answer):
    students: list[dict[str, Any]]
    next: str | None = None


class StaffList(Answer):
    staff: list[dict[str, Any]]
    next: str | None = None


class Device(Answer):
    id: int
    device_id: str
    device_name: str
    device_type: str
    status: Status
    compliance_status: str


class DeviceList(Answer):
    devices: list[Device]
    next: str | None = None


class Policy(Answer):
    id: int
    policy_name: str
    policy_type: str
    description: str
    enabled: bool


class PolicyList(Answer):
    policies: list[Policy]
    next: str | None = None


class AuditEntry(Answer):
    id: int
    action: str
    actor: str
    resource_type: str
    status: str
    created_at: datetime


class AuditList(Answer):
    audit: list[AuditEntry]
    next: str | None = None


class JobRows(Answer):
    rows: list[dict[str, Any]]
    next: str | None = None


class Step(Answer):
    depth: int
    name: str
    service: str
    began: datetime
    offset_ms: float
    ms: float
    failed: bool
    attributes: dict[str, Any]


class JobTrace(Answer):
    job_id: int
    status: JobStatus
    source: Literal["trace", "record"]
    complete: bool
    steps: list[Step]


class Threshold(Answer):
    job_type: str
    action: str
    most: int
    percent: int


class Thresholds(Answer):
    thresholds: list[Threshold]


class FreezeWindow(Answer):
    id: int
    starts_at: datetime
    ends_at: datetime
    reason: str


class FreezeWindows(Answer):
    freeze_windows: list[FreezeWindow]


class ImportRows(Answer):
    rows: list[dict[str, Any]]
    next: str | None = None


class Grant(Answer):
    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    role: Role


class Me(Answer):
    name: str
    role: Role


class Token(Answer):
    id: int
    token: str


class TokenList(Answer):
    tokens: list[dict[str, Any]]
    next: str | None = None


class OperatorList(Answer):
    operators: list[dict[str, Any]]
    next: str | None = None


class Problem(Answer):
    """RFC 9457. `code` is stable; `errors` lists every fault of what was sent."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str | None
    errors: list[dict[str, str]] | None = None


class Login(Strict):
    username: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=1024)]


class Refresh(Strict):
    refresh_token: Annotated[str, Field(min_length=1, max_length=200)]


class NewToken(Strict):
    name: Label
    days: Annotated[int, Field(ge=1, le=3650)] | None = None


class NewOperator(Strict):
    username: Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{1,31}$")]
    role: Role
    password: Annotated[str, Field(min_length=12, max_length=128)] | None = None


class OperatorChange(Change):
    role: Role | None = None
    is_active: bool | None = None
    password: Annotated[str, Field(min_length=12, max_length=128)] | None = None


class NewJob(Strict):
    type: str
    data: Annotated[dict[str, Any], Field(default_factory=dict)]


class NewJobs(Strict):
    jobs: Annotated[list[NewJob], Field(min_length=1, max_length=500)]
