"""The chain over the audit trail: sealing what is committed, and looking whether it still holds.

Sealed means: numbered without gaps, and hashed together with all that was sealed before.
"""

from typing import Any

from coreskills.store import queries
from coreskills.store.db import Connection, every, one, value

SQL = queries.load("seals")
Row = dict[str, Any]


def seal_rows(conn: Connection, *, most: int) -> int:
    """Of what is committed by now; returns how many were sealed."""
    return int(value(conn, SQL["seal_rows"], most=most))


def select_head(conn: Connection) -> Row:
    row = one(conn, SQL["select_head"])
    assert row is not None
    return row


def select_seal(conn: Connection, seq: int) -> str | None:
    """The hash that stands there now."""
    found: str | None = value(conn, SQL["select_seal"], seq=seq)
    return found


def check_seals(conn: Connection, *, seq: int, hash: str, limit: int) -> Row:
    """Those behind `seq`, whose hash is `hash`. `rows` is 0 when there are none."""
    row = one(conn, SQL["check_seals"], seq=seq, hash=hash, limit=limit)
    assert row is not None
    return row


def select_strangers(conn: Connection, *, after: int, floor: int, limit: int) -> list[int]:
    rows = every(conn, SQL["select_strangers"], after=after, floor=floor, limit=limit)
    return [row["audit_id"] for row in rows]


def count_unsealed(conn: Connection, floor: int) -> int:
    return int(value(conn, SQL["count_unsealed"], floor=floor))


def select_exchanged(conn: Connection, ids: list[int]) -> dict[int, int]:
    """{row: the row whose content it holds}; asked about few rows."""
    rows = every(conn, SQL["select_exchanged"], ids=ids)
    return {row["audit_id"]: row["holds"] for row in rows}
