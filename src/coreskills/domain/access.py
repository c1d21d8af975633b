"""Who may do what. A route names one of these permissions, or `public`; there is no third way."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["student", "instructor", "admin", "service"]

EVERYONE: frozenset[Role] = frozenset({"student", "instructor", "admin", "service"})
LEADERS: frozenset[Role] = frozenset({"instructor", "admin"})

PERMISSIONS: dict[str, frozenset[Role]] = {
    "people.read": EVERYONE,
    "people.write": LEADERS | {"service"},
    "people.passwords": LEADERS,
    "people.purge": frozenset({"admin"}),
    "groups.read": EVERYONE,
    "groups.write": LEADERS,
    "cohorts.write": LEADERS,
    "lifecycle.clock": frozenset({"admin"}),
    "lifecycle.steps": frozenset({"admin"}),
    "devices.read": EVERYONE,
    "devices.write": LEADERS | {"service"},
    "policies.read": EVERYONE,
    "policies.write": LEADERS,
    "jobs.read": EVERYONE,
    "jobs.write": LEADERS | {"service"},
    "jobs.approve": LEADERS,
    "jobs.limits": frozenset({"admin"}),
    "jobs.self_test": EVERYONE,
    "imports.write": LEADERS | {"service"},
    "exports.write": frozenset({"admin", "service"}),
    "audit.read": LEADERS,
    "privacy.read": LEADERS,
    "privacy.write": frozenset({"admin"}),
    "retention.read": EVERYONE,
    "session.own": EVERYONE,
    "tokens.own": EVERYONE,
    "operators.write": frozenset({"admin"}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking. `id` is None for the anonymous user of an open sandbox."""

    name: str
    role: Role
    id: int | None = None
    session_id: int | None = None

    def may(self, permission: str) -> bool:
        return self.role in PERMISSIONS[permission]
