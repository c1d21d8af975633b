"""What the API answers about custody and compliance, for its description."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from coreskills.api.schemas import Answer
from coreskills.domain.devices import Condition, Status
from coreskills.domain.policies import Outcome


class Assignment(Answer):
    """`returned_at` is null while the device is still with that person."""

    id: int
    user_id: int
    username: str | None
    assigned_at: datetime
    assigned_by: str
    returned_at: datetime | None
    returned_by: str | None
    condition: Condition | None


class AssignmentList(Answer):
    assignments: list[Assignment]
    next: str | None = None


class DeviceOfUser(Answer):
    id: int
    device_id: str
    status: Status
    assigned_at: datetime
    returned_at: datetime | None


class DevicesOfUser(Answer):
    devices: list[DeviceOfUser]
    next: str | None = None


class HeldByLeaver(Answer):
    id: int
    device_id: str
    user_id: int
    person: str | None
    state: str
    disabled_at: datetime
    assigned_at: datetime


class HeldByLeavers(Answer):
    devices: list[HeldByLeaver]
    next: str | None = None


class ResultOfPolicy(Answer):
    id: int
    device_id: str
    outcome: Outcome
    reason: str
    revision: int
    evaluated_at: datetime
    first_failed_at: datetime | None


class ResultsOfPolicy(Answer):
    results: list[ResultOfPolicy]
    next: str | None = None


class ResultOfDevice(Answer):
    policy_id: int
    policy_name: str
    outcome: Outcome
    reason: str
    first_failed_at: datetime | None
    grace_until: datetime | None


class DeviceCompliance(Answer):
    device_id: str
    compliance_status: str
    last_check_in: datetime | None
    results: list[ResultOfDevice]


class PolicyCounts(Answer):
    """How many devices have which outcome."""

    id: int
    policy_name: str
    enabled: bool
    has_rule: bool
    evaluated_at: datetime | None
    passed: Annotated[int, Field(alias="pass")]
    fail: int
    unknown: int
    error: int
    not_applicable: int
    stale: int


class Compliance(Answer):
    policies: list[PolicyCounts]
    next: str | None = None
