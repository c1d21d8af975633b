"""Personal data: to whom it was given, and what there is of one person.

Forgetting needs no call: a trigger does it in the transaction of whoever purges."""

from dataclasses import asdict, dataclass
from typing import Any

from psycopg.types.json import Jsonb

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
