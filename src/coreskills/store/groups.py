"""Groups of the directory: static ones that people fill, and those that follow a rule."""

from typing import Any

from psycopg.types.json import Jsonb

from coreskills.store import queries
from coreskills.store.db import Connection, every, one, run, send, value

SQL = queries.load("groups")
Row = dict[str, Any]


def select_groups(conn: Connection, *, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_groups"], after=after, limit=limit)


def select_group(conn: Connection, id: int) -> Row | None:
    return one(conn, SQL["select_group"], id=id)


def insert_group(conn: Connection, row: Row) -> int:
    """Raises Conflict `duplicate_group`."""
    return int(value(conn, SQL["insert_group"], **_ruled(row)))


def update_group(conn: Connection, id: int, version: int, row: Row) -> bool:
    """False: it is not this version any more."""
    return run(conn, SQL["update_group"], id=id, version=version, **_ruled(row)) == 1


def delete_group(conn: Connection, id: int, version: int) -> bool:
    """Its memberships go with it. False: it is not this version any more."""
    return run(conn, SQL["delete_group"], id=id, version=version) == 1


def select_members(conn: Connection, *, group_id: int, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_members"], group_id=group_id, after=after, limit=limit)


def insert_member(conn: Connection, group_id: int, user_id: int) -> bool:
    """False: a member already, or no account in use."""
    return run(conn, SQL["insert_member"], group_id=group_id, user_id=user_id) == 1


def delete_member(conn: Connection, group_id: int, user_id: int) -> bool:
    return run(conn, SQL["delete_member"], group_id=group_id, user_id=user_id) == 1


def select_group_rules(conn: Connection) -> list[Row]:
    return every(conn, SQL["select_group_rules"])


def insert_members(conn: Connection, rows: list[Row]) -> None:
    """Rows of user_id and the group's name."""
    send(conn, SQL["insert_members"], rows=Jsonb(rows))


def delete_members(conn: Connection, rows: list[Row]) -> None:
    send(conn, SQL["delete_members"], rows=Jsonb(rows))


def remember_groups(conn: Connection, user_ids: list[int]) -> None:
    """They have none now, and get these back by `recall_groups`."""
    send(conn, SQL["remember_groups"], user_ids=user_ids)


def recall_groups(conn: Connection, user_ids: list[int]) -> None:
    send(conn, SQL["recall_groups"], user_ids=user_ids)


def select_concerned(conn: Connection, user_id: int | None) -> list[int]:
    return [row["id"] for row in every(conn, SQL["select_concerned"], user_id=user_id)]


def lock_unchanged(conn: Connection, accounts: list[Row]) -> bool:
    """False: at least one of them was changed since it was read."""
    rows = [{"id": account["id"], "version": account["version"]} for account in accounts]
    return bool(value(conn, SQL["lock_unchanged"], rows=Jsonb(rows)) == len(rows))


def _ruled(row: Row) -> Row:
    return row | {"rule": None if row["rule"] is None else Jsonb(row["rule"])}
