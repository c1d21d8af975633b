"""What a handler gets, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from coreskills.config import Settings
from coreskills.domain.jobs import Job
from coreskills.engine.base import Engine
from coreskills.errors import LeaseLost
from coreskills.store import leases
from coreskills.store.audit import Entry
from coreskills.store.db import Connection, Database
from coreskills.telemetry import traces, work

Row = dict[str, Any]


def _nothing(conn: Connection) -> None:
    return None


@dataclass(frozen=True)
class Outcome:
    """`write` runs in the final transaction, beside the job's end; it must only write."""

    result: Row
    write: Callable[[Connection], None] = _nothing


@dataclass(frozen=True)
class Context:
    """`report` tells the progress, and raises LeaseLost when the job is not ours any more.

    `race` counts how often somebody was quicker with a name that this job had chosen.
    """

    db: Database
    engine: Engine
    settings: Settings
    job: Job
    report: Callable[[Row], None]
    race: int = 0

    def invoke(self, command: str, parameters: Row, facts: Row) -> Row:
        rules = {
            "StudentMailDomain": self.settings.student_mail_domain,
            "StaffMailDomain": self.settings.staff_mail_domain,
            "DirectorySuffix": self.settings.directory_suffix,
        }
        deadline = self.job.deadline_seconds
        with (
            work.engine_call(self.engine.name, command),
            traces.span(f"engine {command}", engine=self.engine.name, command=command),
        ):
            return self.engine.invoke(command, parameters, rules | facts, deadline)

    def hold(self, conn: Connection) -> None:
        """Fence a write that comes before the job's end. Raises LeaseLost like `report`."""
        if not leases.lock_running(conn, self.job):
            raise LeaseLost(f"Job {self.job.id} is not ours any more")

    def entry(
        self, action: str, resource_type: str, resource_id: int | None = None, **more: Any
    ) -> Entry:
        """The line of the trail that says that this job did it."""
        return Entry(
            action=action,
            actor=self.job.requested_by,
            resource_type=resource_type,
            resource_id=resource_id,
            job_id=self.job.id,
            request_id=self.job.request_id,
            **more,
        )

    def entry_of_user(self, action: str, user_id: int, details: Row) -> Entry:
        return self.entry(action, "user", user_id, user_id=user_id, details=details)
