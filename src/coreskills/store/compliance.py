"""What policies say of devices: facts and rules out, outcomes in, and the counts of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coreskills.store import queries, server
from coreskills.store.db import Connection, every, run, send, value

SQL = queries.load("compliance")
Row = dict[str, Any]
LONGEST_STATEMENT = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Judged:
    """`seen`: when the device had last told the facts that this was judged by."""

    device_id: int
    seen: datetime | None
    policy_id: int
    revision: int
    outcome: str
    reason: str


def select_rules(conn: Connection, policy_id: int | None) -> list[Row]:
    return every(conn, SQL["select_rules"], policy_id=policy_id)


def select_checkups(
    conn: Connection, *, device_id: str | None, after: int, limit: int
) -> list[Row]:
    return every(conn, SQL["select_checkups"], device_id=device_id, after=after, limit=limit)


def count_checkups(conn: Connection, *, device_id: str | None) -> int:
    return int(value(conn, SQL["count_checkups"], device_id=device_id))


def hold_policies(conn: Connection, ids: list[int]) -> None:
    """Nobody changes them until the transaction ends. Before hold_devices, always."""
    server.be_patient(conn, LONGEST_STATEMENT)
    send(conn, SQL["hold_policies"], ids=ids)


def hold_devices(conn: Connection, ids: list[int]) -> None:
    """Nobody changes them until the transaction ends."""
    send(conn, SQL["hold_devices"], ids=ids)


def record_results(conn: Connection, judged: Sequence[Judged]) -> int:
    """Returns how many count; the others were judged by what is not true any more."""
    return run(
        conn,
        SQL["record_results"],
        device_ids=[one.device_id for one in judged],
        seen=[one.seen for one in judged],
        policy_ids=[one.policy_id for one in judged],
        revisions=[one.revision for one in judged],
        outcomes=[one.outcome for one in judged],
        reasons=[one.reason for one in judged],
    )


def follow_results(
    conn: Connection, ids: list[int], *, actor: str, job_id: int, request_id: str | None
) -> int:
    """Set what these devices are as a whole, with audit rows; returns how many changed."""
    return run(
        conn,
        SQL["follow_results"],
        ids=ids,
        actor=actor,
        job_id=job_id,
        request_id=request_id,
    )


def select_results_of_policy(
    conn: Connection, policy_id: int, *, outcome: str | None, after: int, limit: int
) -> list[Row]:
    return every(
        conn,
        SQL["select_results_of_policy"],
        policy_id=policy_id,
        outcome=outcome,
        after=after,
        limit=limit,
    )


def select_results_of_device(conn: Connection, id: int) -> list[Row]:
    return every(conn, SQL["select_results_of_device"], id=id)


def select_stats(conn: Connection, *, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_stats"], after=after, limit=limit)
