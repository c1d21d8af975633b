"""Operators, their sessions and tokens. Tokens are stored as hashes only."""

from typing import Any

from coreskills.store import queries
from coreskills.store.db import Connection, every, one, run, value

SQL = queries.load("access")
Row = dict[str, Any]


def select_operator(conn: Connection, username: str) -> Row | None:
    return one(conn, SQL["select_operator"], username=username)


def select_operators(conn: Connection, *, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_operators"], after=after, limit=limit)


def insert_operator(conn: Connection, username: str, role: str, password_hash: str | None) -> int:
    """Raises Conflict `duplicate_operator`."""
    return int(
        value(
            conn,
            SQL["insert_operator"],
            username=username,
            role=role,
            password_hash=password_hash,
        )
    )


def lock_operator(conn: Connection, id: int) -> Row | None:
    """Until the transaction ends."""
    return one(conn, SQL["lock_operator"], id=id)


def update_operator(
    conn: Connection,
    id: int,
    *,
    role: str | None,
    is_active: bool | None,
    password_hash: str | None,
) -> bool:
    """What is None stays as it is. False: there is no such operator."""
    return (
        run(
            conn,
            SQL["update_operator"],
            id=id,
            role=role,
            is_active=is_active,
            password_hash=password_hash,
        )
        == 1
    )


def insert_session(conn: Connection, operator_id: int, seconds: int) -> int:
    return int(value(conn, SQL["insert_session"], operator_id=operator_id, seconds=seconds))


def revoke_session(conn: Connection, id: int) -> bool:
    return run(conn, SQL["revoke_session"], id=id) == 1


def revoke_sessions_of(conn: Connection, operator_id: int) -> int:
    return run(conn, SQL["revoke_sessions_of"], operator_id=operator_id)


def select_session(conn: Connection, id: int) -> Row | None:
    return one(conn, SQL["select_session"], id=id)


def insert_refresh_token(conn: Connection, token_hash: bytes, session_id: int) -> None:
    run(conn, SQL["insert_refresh_token"], token_hash=token_hash, session_id=session_id)


def lock_refresh_token(conn: Connection, token_hash: bytes) -> Row | None:
    return one(conn, SQL["lock_refresh_token"], token_hash=token_hash)


def use_refresh_token(conn: Connection, token_hash: bytes) -> None:
    run(conn, SQL["use_refresh_token"], token_hash=token_hash)


def insert_api_token(
    conn: Connection, operator_id: int, name: str, token_hash: bytes, days: int | None
) -> int:
    """`days` None: it does not expire."""
    return int(
        value(
            conn,
            SQL["insert_api_token"],
            operator_id=operator_id,
            name=name,
            token_hash=token_hash,
            days=days,
        )
    )


def select_api_token(conn: Connection, token_hash: bytes) -> Row | None:
    return one(conn, SQL["select_api_token"], token_hash=token_hash)


def select_api_tokens(conn: Connection, operator_id: int, *, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_api_tokens"], operator_id=operator_id, after=after, limit=limit)


def revoke_api_token(conn: Connection, id: int, operator_id: int) -> bool:
    return run(conn, SQL["revoke_api_token"], id=id, operator_id=operator_id) == 1


def note_failed_login(conn: Connection, username: str) -> None:
    run(conn, SQL["note_failed_login"], username=username)


def select_login_block(conn: Connection, username: str) -> int | None:
    """Seconds until the next try is allowed."""
    seconds: int | None = value(conn, SQL["select_login_block"], username=username)
    return seconds


def clear_failed_logins(conn: Connection, username: str) -> None:
    run(conn, SQL["clear_failed_logins"], username=username)
