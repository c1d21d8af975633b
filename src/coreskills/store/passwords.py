"""Passwords of the accounts in the simulated directory; only digests, and only once shown."""

from typing import Any

from coreskills.store import queries
from coreskills.store.db import Connection, one, run, send

SQL = queries.load("passwords")
Row = dict[str, Any]


def reset_password(conn: Connection, user_id: int, *, job_id: int, reset_by: str) -> None:
    send(conn, SQL["reset_password"], user_id=user_id, job_id=job_id, reset_by=reset_by)


def lock_reset(conn: Connection, user_id: int) -> Row | None:
    return one(conn, SQL["lock_reset"], user_id=user_id)


def insert_hash(conn: Connection, user_id: int, password_hash: str) -> None:
    """Of the password that is being shown."""
    run(conn, SQL["insert_hash"], user_id=user_id, password_hash=password_hash)
