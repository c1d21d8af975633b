"""Who is asking: the bearer token of a request, as a principal."""

import threading
import time

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from coreskills.actions.sessions import verified_principal
from coreskills.config import Settings
from coreskills.domain.access import Principal
from coreskills.errors import Unauthenticated
from coreskills.store.db import Database

REMEMBERED_SECONDS = 15.0  # how long a revoked token may still work in a process that knew it
MOST_REMEMBERED = 4096
OPEN = Principal("sandbox", "instructor")


class Identities:
    """Remembers good tokens for a moment, so that a page of requests costs one look-up."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._open = settings.open_access
        self._public_key = load_pem_private_key(settings.jwt_key.encode(), None).public_key()
        self._known: dict[str, tuple[float, Principal]] = {}
        self._lock = threading.Lock()

    def principal(self, authorization: str | None) -> Principal:
        """Raises Unauthenticated. In an open sandbox, no token at all is the sandbox's user."""
        if not authorization:
            if self._open:
                return OPEN
            raise Unauthenticated("Send a token: Authorization: Bearer $(coreskills token)")
        remembered = self._known.get(authorization)
        if remembered and remembered[0] > time.monotonic():
            return remembered[1]
        return self._verified(authorization)

    def forget(self) -> None:
        """After a revocation, at once in this process."""
        with self._lock:
            self._known.clear()

    def _verified(self, authorization: str) -> Principal:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > 4096:
            raise Unauthenticated("The Authorization header must be: Bearer TOKEN")
        principal = verified_principal(self._db, self._public_key, token.strip())
        with self._lock:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[authorization] = (time.monotonic() + REMEMBERED_SECONDS, principal)
        return principal
