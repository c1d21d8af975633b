"""What a job is, which states it has, and when it is tried again."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MAX_ERRORS = 5  # failures of the work itself, retried with backoff
MAX_CRASHES = 3  # workers lost while running it: then it is poison, and dead
LONGEST_BACKOFF = 300.0

OPEN = frozenset({"queued", "running", "suspended"})
ENDED = frozenset({"completed", "failed", "dead", "cancelled"})


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. `attempt` and `worker` are the fence: every later write names them."""

    id: int
    job_type: str
    parameters: dict[str, Any]
    attempt: int
    worker: str
    error_count: int
    deadline_seconds: int
    requested_by: str
    request_id: str | None
    created_at: datetime
    queued_seconds: float = 0.0  # since it was due
    trace_parent: str | None = None

    @property
    def trace_id(self) -> str | None:
        return self.trace_parent.split("-")[1] if self.trace_parent else None


def essence(parameters: dict[str, Any]) -> dict[str, Any]:
    """What a plan was made for: the parameters without how they are to be followed."""
    ways = ("dry_run", "plan_id", "override", "why")
    return {name: value for name, value in parameters.items() if name not in ways}


def backoff_seconds(failures: int, draw: Callable[[float, float], float] = random.uniform) -> float:
    """Full jitter below min(300 s, 2 s doubled per failure), as AWS's study of retries advises."""
    return draw(0.0, min(LONGEST_BACKOFF, 2.0 * 2.0**failures))
