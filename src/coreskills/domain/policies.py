"""What a policy is: a rule the district sets for its devices and people."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from coreskills.domain.people import Change, Id, Strict
from coreskills.domain.rule_faults import Rule
from coreskills.domain.text import Identifier, Label, Line

PolicyType = Literal["security", "compliance", "network"]
Scope = Literal["all_users", "all_devices", "windows", "macos", "chromeos", "ipados"]
Enforcement = Literal["required", "recommended", "informational"]
Outcome = Literal["pass", "fail", "unknown", "error", "not_applicable", "stale"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
GraceDays = Annotated[int, Field(ge=0, le=365)]
StaleHours = Annotated[int, Field(ge=1, le=8784)]


class Policy(Strict):
    """Without a rule it is only told to people. A failure counts once it is `grace_days` old; what
    was not heard of for `stale_hours` is stale."""

    policy_name: Label
    policy_type: PolicyType
    description: Line
    applies_to: Scope = "all_devices"
    enforcement_level: Enforcement = "required"
    enabled: bool = True
    rule: Rule | None = None
    grace_days: GraceDays = 0
    stale_hours: StaleHours = 168


class PolicyChange(Change):
    may_be_empty = frozenset({"rule"})

    policy_name: Label | None = None
    policy_type: PolicyType | None = None
    description: Line | None = None
    applies_to: Scope | None = None
    enforcement_level: Enforcement | None = None
    enabled: bool | None = None
    rule: Rule | None = None
    grace_days: GraceDays | None = None
    stale_hours: StaleHours | None = None


class EvaluatePolicies(Strict):
    """Everything, or one device, or one policy, or one of each."""

    device_id: Identifier | None = None
    policy_id: Id | None = None
