"""The people and programs that may use the system."""

from coreskills.actions.passwords import hash_password
from coreskills.actions.request import Request, difference
from coreskills.actions.tokens import token_hash
from coreskills.domain.access import Role
from coreskills.errors import Conflict, NotFound
from coreskills.store import access, audit
from coreskills.store.audit import Entry
from coreskills.store.db import Database


def add_operator(
    db: Database, request: Request, username: str, role: Role, password: str | None
) -> int:
    hashed = hash_password(password) if password else None
    with db.transaction() as conn:
        id = access.insert_operator(conn, username, role, hashed)
        details = {"after": {"username": username, "role": role, "has_password": bool(password)}}
        audit.insert_audit(conn, request.entry("operator.created", "operator", id, details=details))
    return id


def change_operator(
    db: Database,
    request: Request,
    id: int,
    *,
    role: Role | None = None,
    is_active: bool | None = None,
    password: str | None = None,
) -> None:
    """Any change ends the sessions of that operator: the new state counts from now on."""
    if id == request.principal.id and (role or is_active is False):
        raise Conflict("You cannot take away your own rights", code="own_rights")
    hashed = hash_password(password) if password else None
    with db.transaction() as conn:
        before = access.lock_operator(conn, id)
        if before is None:
            raise NotFound(f"There is no operator {id}")
        access.update_operator(conn, id, role=role, is_active=is_active, password_hash=hashed)
        access.revoke_sessions_of(conn, id)
        wanted = {"role": role, "is_active": is_active}
        delta = difference(before, {k: v for k, v in wanted.items() if v is not None})
        details = delta | ({"password": "changed"} if hashed else {})
        audit.insert_audit(conn, request.entry("operator.changed", "operator", id, details=details))


def bootstrap_operator(db: Database, username: str, role: Role, password: str, token: str) -> bool:
    """Create the first operator with a ready token; False when the name exists already."""
    with db.transaction() as conn:
        if access.select_operator(conn, username):
            return False
        id = access.insert_operator(conn, username, role, hash_password(password))
        access.insert_api_token(conn, id, "start", token_hash(token), None)
        audit.insert_audit(
            conn,
            Entry(
                action="operator.created",
                actor="system:start",
                resource_type="operator",
                resource_id=id,
            ),
        )
    return True
