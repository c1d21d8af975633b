"""Hashing passwords with argon2id at OWASP's figures (19 MiB, 2 passes)."""

import threading

import argon2

from coreskills.errors import Fault, Invalid

SHORTEST, LONGEST = 12, 128

_hasher = argon2.PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1)
_hashing = threading.Semaphore(2)  # each takes 19 MiB; a flood of logins must not take them all
NOBODY = _hasher.hash("no such operator")  # an unknown name costs what a known one costs


def hash_password(password: str) -> str:
    """Raises Invalid when it is too short or too long; there are no other rules."""
    if not SHORTEST <= len(password) <= LONGEST:
        message = f"must have {SHORTEST} to {LONGEST} characters"
        fault = Fault("/password", "password_length", message)
        raise Invalid("The password is not acceptable", [fault])
    with _hashing:
        return _hasher.hash(password)


def verify(hashed: str, password: str) -> bool:
    with _hashing:
        try:
            return _hasher.verify(hashed, password[:LONGEST])
        except argon2.exceptions.VerificationError:
            return False
