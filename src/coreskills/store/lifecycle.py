"""Accounts through their life: state, names, and the timers that move them on."""

from datetime import datetime
from typing import Any

from coreskills.store import queries
from coreskills.store.db import Connection, every, one, run, value

SQL = queries.load("lifecycle")
Row = dict[str, Any]
ACCOUNT_COLUMNS = (
    "first_name",
    "last_name",
    "grade_level",
    "graduation_year",
    "department",
    "role",
    "username",
    "username_stem",
    "email",
    "ou",
    "original_ou",
    "state",
    "disable_reason",
    "starts_on",
    "school_id",
)


def select_account(conn: Connection, id: int) -> Row | None:
    return one(conn, SQL["select_account"], id=id)


def select_now(conn: Connection) -> datetime:
    """By the clock of the lifecycle."""
    now: datetime = value(conn, SQL["select_now"])
    return now


def update_account(conn: Connection, account: Row, changes: Row, *, reason: str | None) -> bool:
    """`changes` of ACCOUNT_COLUMNS; `reason` is kept if the state changes. False: somebody was
    quicker, and the account is not the one that the change was made for."""
    row = {name: account[name] for name in ACCOUNT_COLUMNS} | changes
    done = run(
        conn,
        SQL["update_account"],
        id=account["id"],
        version=account["version"],
        state_reason=reason,
        **row,
    )
    return done == 1


def purge_account(conn: Connection, account: Row) -> bool:
    """False: somebody was quicker."""
    done = run(conn, SQL["purge_account"], id=account["id"], version=account["version"])
    return done == 1


def start_timers(conn: Connection, id: int, event: str) -> int:
    return run(conn, SQL["start_timers"], id=id, event=event)


def cancel_timers(conn: Connection, id: int) -> int:
    return run(conn, SQL["cancel_timers"], id=id)


def fire_timers(conn: Connection, *, actor: str, limit: int) -> int:
    """Queue the jobs of timers that are due; returns how many."""
    return run(conn, SQL["fire_timers"], actor=actor, limit=limit)


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
