"""The password of an account that was reset: made in the moment in which it is shown, once."""

import secrets
from typing import Any

from coreskills.actions.passwords import hash_password
from coreskills.actions.request import Request
from coreskills.errors import Conflict, Forbidden, NotFound
from coreskills.store import audit, passwords, users
from coreskills.store.db import Connection, Database

# No 0 O 1 l I: it is read from a screen and typed by a child.
LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
BLOCKS, BLOCK = 4, 4  # 16 characters of 56: 92 bits


def show_password(db: Database, request: Request, user_id: int) -> dict[str, Any]:
    """The new password; only its digest is kept.

    Raises NotFound without a reset, Forbidden for somebody else's, and Conflict when it was shown
    already (`already_shown`) or an hour has passed (`reset_expired`): then it is reset again.
    """
    password = _made()
    digest = hash_password(password)
    with db.transaction() as conn:
        user = users.select_user(conn, user_id)
        _refuse(conn, request, user_id)
        passwords.insert_hash(conn, user_id, digest)
        entry = request.entry("account.password_shown", "user", user_id, user_id=user_id)
        audit.insert_audit(conn, entry)
    return {
        "user_id": user_id,
        "username": user["username"],
        "password": password,
        "must_change_password": True,
    }


def _refuse(conn: Connection, request: Request, user_id: int) -> None:
    reset = passwords.lock_reset(conn, user_id)
    if reset is None:
        raise NotFound(f"The password of user {user_id} was not reset")
    if reset["reset_by"] != request.actor:
        raise Forbidden("Only who reset a password may see the new one")
    if reset["shown_at"]:
        raise Conflict("It was shown already; reset the password again", code="already_shown")
    if not reset["is_recent"]:
        raise Conflict("More than an hour has passed; reset it again", code="reset_expired")


def _made() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(BLOCK)) for _ in range(BLOCKS))
