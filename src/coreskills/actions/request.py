"""Who asks, and under which request. Every action takes one and writes it into the trail."""

from dataclasses import dataclass

from coreskills.domain.access import Principal


@dataclass(frozen=True, slots=True)
class Request:
    principal: Principal
    request_id: str | None = None
    idempotency_key: str | None = None

    @property
    def actor(self) -> str:
        return f"{self.principal.role}:{self.principal.name}"
