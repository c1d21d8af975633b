"""Changing people without a job: how a name is written. Whatever moves somebody to another unit or
other groups needs the engine, and is update_person."""

from typing import Any

from coreskills.actions.request import Request, difference
from coreskills.domain.people import NAMES, UserChange
from coreskills.errors import Conflict, StaleVersion
from coreskills.store import audit, users
from coreskills.store.db import Database


def change_user(
    db: Database, request: Request, id: int, version: int, change: UserChange
) -> dict[str, Any]:
    """Apply what `change` sets and return the new row. Raises StaleVersion, NotFound, or
    Conflict `state_conflict`."""
    with db.transaction() as conn:
        before = users.select_user(conn, id)
        wanted = change.model_dump(exclude_unset=True)
        if not before["is_active"]:
            state = before["state"]
            raise Conflict(f"User {id} is {state} and cannot be changed", code="state_conflict")
        row = {name: before[name] for name in NAMES} | wanted
        if not users.update_user(conn, id, version, row):
            raise StaleVersion(f"User {id} was changed meanwhile; read it again")
        delta = difference(before, row)
        entry = request.entry(f"{before['type']}.changed", "user", id, user_id=id, details=delta)
        audit.insert_audit(conn, entry)
        return users.select_user(conn, id)
