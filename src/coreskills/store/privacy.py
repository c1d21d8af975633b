"""Personal data: to whom it was given, what there is of one person, and how it is forgotten."""

from dataclasses import asdict, dataclass
from typing import Any

from psycopg.types.json import Jsonb

from coreskills.domain.jobs import Job
from coreskills.store import queries
from coreskills.store.db import Connection, every, one, run, send, value

SQL = queries.load("privacy")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """Data that left the house. Without `user_id` it was that of `people` persons at once."""

    party: str
    purpose: str
    fields: list[str]
    user_id: int | None = None
    people: int = 1
    job_id: int | None = None
    request_id: str | None = None


def insert_disclosure(conn: Connection, disclosure: Disclosure) -> None:
    send(conn, SQL["insert_disclosure"], **asdict(disclosure))


def select_disclosures(conn: Connection, *, user_id: int, before: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_disclosures"], user_id=user_id, before=before, limit=limit)


def select_record(conn: Connection, user_id: int) -> Row:
    """All rows about a person, by table."""
    record: Row = value(conn, SQL["select_record"], user_id=user_id)
    return record


def insert_export(conn: Connection, job_id: int, user_id: int, version: int, body: Row) -> bool:
    """False: the person was changed since that version."""
    row = {"job_id": job_id, "user_id": user_id, "version": version, "body": Jsonb(body)}
    return run(conn, SQL["insert_export"], **row) == 1


def collect_export(conn: Connection, job_id: int) -> Row | None:
    """It is gone then."""
    return one(conn, SQL["collect_export"], job_id=job_id)


def update_hold(conn: Connection, id: int, *, held: bool) -> bool:
    """False: it was so already."""
    return run(conn, SQL["update_hold"], id=id, held=held) == 1


def select_traces(conn: Connection, user_id: int) -> Row:
    row = one(conn, SQL["select_traces"], user_id=user_id)
    assert row is not None
    return row


def forget(conn: Connection, user_id: int, traces: Row, by: Job) -> None:
    """Redact or remove what tells who was purged. `traces` were asked for before the purge."""
    jobs, keys = traces["jobs"], traces["keys"]
    send(conn, SQL["redact_jobs"], jobs=jobs)
    send(conn, SQL["redact_attempts"], jobs=jobs)
    send(conn, SQL["delete_keys"], jobs=jobs)
    send(conn, SQL["redact_job_rows"], jobs=jobs, keys=keys, key=traces["key"])
    send(conn, SQL["delete_import_rows"], keys=keys)
    send(conn, SQL["delete_import_results"], keys=keys)
    send(conn, SQL["delete_disclosures"], user_id=user_id)
    send(conn, SQL["delete_exports"], user_id=user_id)
    send(
        conn,
        SQL["redact_audit"],
        user_id=user_id,
        jobs=jobs,
        actor=by.requested_by,
        job_id=by.id,
        request_id=by.request_id,
    )


def select_residues(conn: Connection) -> list[int]:
    return [row["id"] for row in every(conn, SQL["select_residues"])]
