"""Accounts through their life: state, names, and the timers that move them on."""

from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from coreskills.domain.kinds import KINDS
from coreskills.domain.people import DATA
from coreskills.errors import NotFound
from coreskills.store import queries
from coreskills.store.db import Connection, every, one, run, send, value

SQL = queries.load("lifecycle")
Row = dict[str, Any]
ACCOUNT_COLUMNS = (
    *DATA,
    "username",
    "username_stem",
    "email",
    "ou",
    "original_ou",
    "state",
    "disable_reason",
    "school_id",
    "stepped_in_year",
)


def select_account(conn: Connection, id: int) -> Row:
    """Raises NotFound."""
    for row in select_accounts(conn, [id]):
        return row
    raise NotFound(f"There is no user {id}")


def select_accounts(conn: Connection, ids: list[int]) -> list[Row]:
    """In the order of their ids; who is not there is left out."""
    return every(conn, SQL["select_accounts"], ids=ids)


def select_now(conn: Connection) -> datetime:
    """By the clock of the lifecycle."""
    now: datetime = value(conn, SQL["select_now"])
    return now


def update_accounts(
    conn: Connection, changed: list[tuple[Row, Row]], *, reason: str | None
) -> bool:
    """Pairs of an account as it was read and its new values, of ACCOUNT_COLUMNS; `reason` is kept
    where the state changes. False: somebody was quicker, and at least one of them is not the
    account that the change was made for."""
    rows = [
        {name: account[name] for name in ("id", "version", *ACCOUNT_COLUMNS)}
        | changes
        | {"state_reason": reason}
        for account, changes in changed
    ]
    return run(conn, SQL["update_accounts"], rows=Jsonb(rows)) == len(rows)


def purge_account(conn: Connection, account: Row) -> bool:
    """False: somebody was quicker."""
    done = run(conn, SQL["purge_account"], id=account["id"], version=account["version"])
    return done == 1


def start_timers(conn: Connection, ids: list[int], event: str, *, since: str | None = None) -> None:
    """Counted from now by the clock of the lifecycle, or from a moment."""
    send(conn, SQL["start_timers"], ids=ids, event=event, since=since)


def cancel_timers(conn: Connection, ids: list[int]) -> None:
    send(conn, SQL["cancel_timers"], ids=ids)


def fire_timers(conn: Connection, *, actor: str, limit: int) -> int:
    """Queue the jobs of timers that are due; returns how many."""
    deadlines = Jsonb({name: kind.deadline for name, kind in KINDS.items()})
    return run(conn, SQL["fire_timers"], actor=actor, limit=limit, deadlines=deadlines)


def select_timers(conn: Connection, user_id: int) -> list[Row]:
    return every(conn, SQL["select_timers"], user_id=user_id)


def select_clock(conn: Connection) -> Row:
    row = one(conn, SQL["select_clock"])
    assert row is not None
    return row


def turn_clock(conn: Connection, days: int) -> None:
    run(conn, SQL["turn_clock"], days=days)


def reset_clock(conn: Connection) -> None:
    run(conn, SQL["reset_clock"])


def select_steps(conn: Connection) -> list[Row]:
    return every(conn, SQL["select_steps"])


def select_step(conn: Connection, event: str, user_type: str, position: int) -> Row | None:
    return one(conn, SQL["select_step"], event=event, user_type=user_type, position=position)


def update_step(conn: Connection, row: Row) -> None:
    run(conn, SQL["update_step"], **row)
