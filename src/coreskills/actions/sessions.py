"""Logging in and staying in.

A login is a session. Its access tokens are JWTs of ten minutes that name it; its refresh tokens
are random, stored hashed, and good for one use: a second use ends the session, for one of the two
users was a thief (RFC 9700, section 4.14).
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from coreskills.actions.passwords import NOBODY, verify
from coreskills.actions.request import Request
from coreskills.actions.tokens import TOKEN_PREFIX, token_hash
from coreskills.config import Settings
from coreskills.domain.access import Principal
from coreskills.errors import Conflict, RateLimited, Unauthenticated
from coreskills.store import access, audit
from coreskills.store.audit import Entry
from coreskills.store.db import Connection, Database

ISSUER = "coreskills"
AUDIENCE = "coreskills-api"


@dataclass(frozen=True, slots=True)
class Grant:
    access_token: str
    refresh_token: str
    expires_in: int
    role: str


def log_in(db: Database, settings: Settings, username: str, password: str) -> Grant:
    """Raises Unauthenticated, the same for a wrong name and a wrong password, or RateLimited."""
    with db.reading() as conn:
        if seconds := access.select_login_block(conn, username):
            raise RateLimited(
                "Too many wrong passwords for this name; wait a little", retry_after=seconds
            )
        operator = access.select_operator(conn, username)
    good = verify((operator or {}).get("password_hash") or NOBODY, password)
    if not (operator and operator["password_hash"] and operator["is_active"] and good):
        with db.transaction() as conn:
            access.note_failed_login(conn, username)
            # Who is no operator may have typed the password there: it does not go into the trail.
            who = f"operator:{username}" if operator else "operator:unknown"
            _note(conn, who, "login.refused", None, status="failure")
        raise Unauthenticated("The name or the password is wrong")
    with db.transaction() as conn:
        access.clear_failed_logins(conn, username)
        session = access.insert_session(conn, operator["id"], settings.refresh_token_seconds)
        _note(conn, f"{operator['role']}:{username}", "login.accepted", operator["id"])
        return _grant(conn, settings, session, operator["role"])


def refresh(db: Database, settings: Settings, refresh_token: str) -> Grant:
    """Exchange a refresh token for the next pair. Raises Unauthenticated."""
    stolen = False
    with db.transaction() as conn:
        row = access.lock_refresh_token(conn, token_hash(refresh_token))
        session = access.select_session(conn, row["session_id"]) if row else None
        if row and row["used"]:
            stolen = access.revoke_session(conn, row["session_id"])
            _note_reuse(conn, session)
        elif row and session:
            access.use_refresh_token(conn, token_hash(refresh_token))
            return _grant(conn, settings, row["session_id"], session["role"])
    raise Unauthenticated(
        "This refresh token was used before, so its session was ended; log in again"
        if stolen
        else "The refresh token is unknown, used, expired or revoked; log in again"
    )


def log_out(db: Database, request: Request) -> None:
    """End the session of the caller; a caller with a personal token has none."""
    session = request.principal.session_id
    if session is None:
        raise Conflict("You came with a personal token; revoke that instead", code="no_session")
    with db.transaction() as conn:
        access.revoke_session(conn, session)
        _note(conn, request.actor, "logout", request.principal.id, request_id=request.request_id)


def verified_principal(db: Database, public_key: object, token: str) -> Principal:
    """Who a bearer token stands for. Raises Unauthenticated, saying what is wrong with it.

    Asks PostgreSQL whether session, token and operator are still good.
    """
    if token.startswith(TOKEN_PREFIX):
        with db.reading() as conn:
            row = access.select_api_token(conn, token_hash(token))
        if row is None:
            raise Unauthenticated("The token is unknown, expired or revoked")
        return Principal(row["username"], row["role"], row["operator_id"])
    session = _session_of(public_key, token)
    with db.reading() as conn:
        row = access.select_session(conn, session)
    if row is None:
        raise Unauthenticated("The session has ended; log in again")
    return Principal(row["username"], row["role"], row["operator_id"], session)


def _session_of(public_key: object, token: str) -> int:
    try:
        if jwt.get_unverified_header(token).get("typ") != "at+jwt":
            raise Unauthenticated("This is not an access token")
        claims = jwt.decode(
            token,
            public_key,  # type: ignore[arg-type]  # any key object PyJWT accepts for EdDSA
            algorithms=["EdDSA"],
            issuer=ISSUER,
            audience=AUDIENCE,
            leeway=10,
            options={"require": ["exp", "nbf", "iat", "iss", "aud", "sub", "jti"]},
        )
        return int(claims["sub"])
    except jwt.ExpiredSignatureError:
        raise Unauthenticated("The access token has expired; refresh it") from None
    except (jwt.InvalidTokenError, ValueError):
        raise Unauthenticated("The access token is not valid; log in again") from None


def _grant(conn: Connection, settings: Settings, session: int, role: str) -> Grant:
    refresh_token = secrets.token_urlsafe(32)
    access.insert_refresh_token(conn, token_hash(refresh_token), session)
    return Grant(
        _access_token(settings, session), refresh_token, settings.access_token_seconds, role
    )


def _access_token(settings: Settings, session: int) -> str:
    now = datetime.now(UTC)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(session),
        "iat": now,
        "nbf": now,
        "exp": now + timedelta(seconds=settings.access_token_seconds),
        "jti": secrets.token_hex(8),
    }
    return jwt.encode(claims, settings.jwt_key, algorithm="EdDSA", headers={"typ": "at+jwt"})


def _note_reuse(conn: Connection, session: dict[str, Any] | None) -> None:
    if session:  # ended before, it has been noted before
        actor = f"{session['role']}:{session['username']}"
        _note(conn, actor, "session.reuse_detected", session["operator_id"], "failure")


def _note(
    conn: Connection,
    actor: str,
    action: str,
    operator: int | None,
    status: str = "success",
    request_id: str | None = None,
) -> None:
    audit.insert_audit(
        conn,
        Entry(
            action=action,
            actor=actor,
            resource_type="operator",
            resource_id=operator,
            request_id=request_id,
            status=status,
        ),
    )
