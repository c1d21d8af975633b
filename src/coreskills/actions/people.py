"""Changing people. Accounts are made and disabled by jobs; this is what needs no engine."""

from typing import Any

from coreskills.actions.request import Request, difference
from coreskills.domain.people import DATA, OF_KIND, UserChange
from coreskills.errors import Conflict, Fault, Invalid, NotFound, StaleVersion
from coreskills.store import audit, users
from coreskills.store.db import Database


def change_user(
    db: Database, request: Request, id: int, version: int, change: UserChange
) -> dict[str, Any]:
    """Apply what `change` sets and return the new row. Raises StaleVersion, NotFound, Invalid."""
    with db.transaction() as conn:
        before = users.select_user(conn, id)
        if before is None:
            raise NotFound(f"There is no user {id}")
        wanted = change.model_dump(exclude_unset=True)
        _refuse_foreign(wanted, before["type"])
        if not before["is_active"]:
            state = before["state"]
            raise Conflict(f"User {id} is {state} and cannot be changed", code="state_conflict")
        row = {name: before[name] for name in DATA} | wanted
        if not users.update_user(conn, id, version, row):
            raise StaleVersion(f"User {id} was changed meanwhile; read it again")
        delta = difference(before, row)
        entry = request.entry(f"{before['type']}.changed", "user", id, user_id=id, details=delta)
        audit.insert_audit(conn, entry)
        after = users.select_user(conn, id)
    assert after is not None
    return after


def _refuse_foreign(wanted: dict[str, Any], kind: str) -> None:
    foreign = [name for name in wanted if name not in OF_KIND[kind]]
    if foreign:
        raise Invalid(
            f"A {kind} does not have these fields",
            [
                Fault(f"/{name}", "foreign_field", f"does not belong to a {kind}")
                for name in foreign
            ],
        )
