"""Who asks, and under which request. Every action takes one and writes it into the trail."""

from dataclasses import dataclass
from typing import Any

from coreskills.domain.access import Principal
from coreskills.store.audit import Entry

Row = dict[str, Any]


def difference(before: Row, after: Row) -> Row:
    """As details of the trail: the fields that are not as they were, as they were and are now."""
    changed = [name for name in after if before.get(name) != after[name]]
    return {
        "before": {name: before.get(name) for name in changed},
        "after": {name: after[name] for name in changed},
    }


@dataclass(frozen=True, slots=True)
class Request:
    """`why` is what the caller gave as the reason."""

    principal: Principal
    request_id: str | None = None
    idempotency_key: str | None = None
    why: str | None = None

    @property
    def actor(self) -> str:
        return f"{self.principal.role}:{self.principal.name}"

    def entry(self, action: str, resource_type: str, resource_id: int | None, **more: Any) -> Entry:
        """The line of the trail that says that this caller did it."""
        if self.why:
            more["details"] = {"why": self.why} | more.get("details", {})
        return Entry(
            action=action,
            actor=self.actor,
            resource_type=resource_type,
            resource_id=resource_id,
            request_id=self.request_id,
            **more,
        )
