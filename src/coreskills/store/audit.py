"""The audit trail: append-only, written in the transaction of the change it tells of."""

from dataclasses import asdict, dataclass, field
from typing import Any

from psycopg.types.json import Jsonb

from coreskills.store import queries
from coreskills.store.db import Connection, every, one, send

SQL = queries.load("audit")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    action: str  # past tense: student.created
    actor: str
    resource_type: str
    resource_id: int | None = None
    user_id: int | None = None  # the person concerned
    job_id: int | None = None
    request_id: str | None = None
    details: Row = field(default_factory=dict)
    status: str = "success"


def insert_audit(conn: Connection, entry: Entry) -> None:
    send(
        conn,
        SQL["insert_audit"],
        action=entry.action,
        actor=entry.actor,
        resource_type=entry.resource_type,
        resource_id=entry.resource_id,
        user_id=entry.user_id,
        job_id=entry.job_id,
        request_id=entry.request_id,
        details=Jsonb(entry.details),
        status=entry.status,
    )


def insert_audits(conn: Connection, entries: list[Entry]) -> None:
    """In their order."""
    send(conn, SQL["insert_audits"], entries=Jsonb([asdict(entry) for entry in entries]))


def select_audit(conn: Connection, **span: Any) -> list[Row]:
    """`span`, here and below: `since` and `until` (times), `before` (an id), `limit`."""
    return every(conn, SQL["select_audit"], **span)


def select_audit_of_user(conn: Connection, *, user_id: int, **span: Any) -> list[Row]:
    return every(conn, SQL["select_audit_of_user"], user_id=user_id, **span)


def select_audit_of_job(conn: Connection, *, job_id: int, **span: Any) -> list[Row]:
    return every(conn, SQL["select_audit_of_job"], job_id=job_id, **span)


def select_audit_of_actor(conn: Connection, *, actor: str, **span: Any) -> list[Row]:
    return every(conn, SQL["select_audit_of_actor"], actor=actor, **span)


def select_audit_of_action(conn: Connection, *, action: str, **span: Any) -> list[Row]:
    return every(conn, SQL["select_audit_of_action"], action=action, **span)


def select_audit_entry(conn: Connection, id: int) -> Row | None:
    return one(conn, SQL["select_audit_entry"], id=id)
