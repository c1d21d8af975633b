"""Who asks, and under which request. Every action takes one and writes it into the trail."""

from dataclasses import dataclass
from typing import Any

from coreskills.domain.access import Principal
from coreskills.store.audit import Entry


@dataclass(frozen=True, slots=True)
class Request:
    principal: Principal
    request_id: str | None = None
    idempotency_key: str | None = None

    @property
    def actor(self) -> str:
        return f"{self.principal.role}:{self.principal.name}"

    def entry(self, action: str, resource_type: str, resource_id: int | None, **more: Any) -> Entry:
        """The line of the trail that says that this caller did it."""
        return Entry(
            action=action,
            actor=self.actor,
            resource_type=resource_type,
            resource_id=resource_id,
            request_id=self.request_id,
            **more,
        )
