"""Personal tokens: long-lived keys for programs, shown once and stored as hashes."""

import hashlib
import secrets

from coreskills.actions.request import Request
from coreskills.errors import Conflict, NotFound
from coreskills.store import access, audit
from coreskills.store.db import Database

TOKEN_PREFIX = "cs_"  # lets secret scanners and people recognise one


def new_token() -> str:
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """SHA-256 is enough: 256 random bits cannot be guessed, however quick the hash."""
    return hashlib.sha256(token.encode()).digest()


def create_token(db: Database, request: Request, name: str, days: int | None) -> tuple[int, str]:
    """A personal token of the caller: its id, and the token itself, shown this once."""
    operator, token = _operator_id(request), new_token()
    with db.transaction() as conn:
        id = access.insert_api_token(conn, operator, name, token_hash(token), days)
        details = {"after": {"name": name, "days": days}}
        audit.insert_audit(conn, request.entry("token.created", "token", id, details=details))
    return id, token


def revoke_token(db: Database, request: Request, id: int) -> None:
    operator = _operator_id(request)
    with db.transaction() as conn:
        if not access.revoke_api_token(conn, id, operator):
            raise NotFound(f"You have no live token {id}")
        delta = {"before": {"revoked": False}, "after": {"revoked": True}}
        audit.insert_audit(conn, request.entry("token.revoked", "token", id, details=delta))


def _operator_id(request: Request) -> int:
    if request.principal.id is None:
        raise Conflict("An open sandbox has no operators, so no tokens", code="no_operator")
    return request.principal.id
