"""What a policy is: a rule the district sets for its devices and people."""

from typing import Literal

from coreskills.domain.people import Change, Strict
from coreskills.domain.text import Label, Line

PolicyType = Literal["security", "compliance", "network"]
Scope = Literal["all_users", "all_devices", "windows", "macos", "chromeos", "ipados"]
Enforcement = Literal["required", "recommended", "informational"]


class Policy(Strict):
    policy_name: Label
    policy_type: PolicyType
    description: Line
    applies_to: Scope = "all_devices"
    enforcement_level: Enforcement = "required"
    enabled: bool = True


class PolicyChange(Change):
    policy_name: Label | None = None
    policy_type: PolicyType | None = None
    description: Line | None = None
    applies_to: Scope | None = None
    enforcement_level: Enforcement | None = None
    enabled: bool | None = None
