"""Everything that can go wrong, in one place. HTTP is not mentioned here: see api/errors.py.

AppError
  Invalid               the caller sent something we cannot accept; lists every fault
  Unauthenticated       we do not know who is asking
  Forbidden             we know, and they may not
  NotFound              the thing named does not exist
  Conflict              it exists already, or is in the wrong state
    ChangedMeanwhile    somebody wrote between our look and our write; decide anew
    UsernameTaken       somebody else got the name first; ask the engine again
    IdempotencyMismatch the same Idempotency-Key came with another request
    Frozen              mass changes wait until a freeze window is over
  NeedsApproval         so much at once that a second person must agree
  StaleVersion          it was changed since the caller read it
  VersionRequired       a change must say which version it was based on
  TooLarge              more than we accept
  RateLimited           too many requests; carries retry_after
  Unavailable           something we need does not answer now; carries retry_after
    QueueFull           more jobs wait than the queue may hold
  EngineFailed          the automation engine refused or broke; `permanent` decides about a retry
  LeaseLost             another worker has the job by now: our outcome must not be written
  StackFailed           the stack could not be started, stopped or found
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what the caller sent.

    `at` is a JSON pointer (`/grade_level`), or `line 7, GradeLevel` in a file.
    """

    at: str
    code: str
    message: str


class AppError(Exception):
    """Base class. `code` is stable and machine-readable; the message is for people."""

    code = "error"

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class Invalid(AppError):
    code = "validation_failed"

    def __init__(self, message: str, faults: list[Fault] | None = None, **details: object) -> None:
        super().__init__(message, **details)
        self.faults = faults or []


class Unauthenticated(AppError):
    code = "unauthenticated"


class Forbidden(AppError):
    code = "forbidden"


class NotFound(AppError):
    code = "not_found"


class Conflict(AppError):
    """`code` may be given to say which rule was hurt, as in duplicate_person."""

    code = "conflict"

    def __init__(self, message: str, *, code: str | None = None, **details: object) -> None:
        super().__init__(message, **details)
        if code:
            self.code = code


class ChangedMeanwhile(Conflict):
    code = "account_changed"


class UsernameTaken(Conflict):
    code = "username_taken"


class IdempotencyMismatch(Conflict):
    code = "idempotency_mismatch"


class Frozen(Conflict):
    code = "frozen"

    def __init__(self, reason: str, ends_at: datetime) -> None:
        until = f"{ends_at:%Y-%m-%d %H:%M} UTC"
        super().__init__(
            f"No mass changes until {until}: {reason}. Say in `override` why this one must be",
            ends_at=ends_at.isoformat(),
        )


class NeedsApproval(AppError):
    """`keep` is called with a connection, and stores what is to be approved."""

    code = "threshold_exceeded"

    def __init__(self, message: str, keep: Callable[[Any], None]) -> None:
        super().__init__(message)
        self.keep = keep


class StaleVersion(AppError):
    code = "version_conflict"


class VersionRequired(AppError):
    code = "version_required"


class TooLarge(AppError):
    code = "too_large"


class RateLimited(AppError):
    code = "rate_limited"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(AppError):
    code = "unavailable"

    def __init__(self, message: str, *, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QueueFull(Unavailable):
    code = "queue_full"


class EngineFailed(AppError):
    code = "engine_failed"

    def __init__(self, message: str, *, permanent: bool, code: str | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        if code:
            self.code = code


class LeaseLost(AppError):
    code = "lease_lost"


class StackFailed(AppError):
    """`check` names the failed check, `fix` is the one command or act that helps.

    `exit_code` is documented in docs/reference/cli.md.
    """

    code = "stack_failed"

    def __init__(self, message: str, *, check: str, fix: str, exit_code: int = 1) -> None:
        super().__init__(message, check=check, fix=fix)
        self.check = check
        self.fix = fix
        self.exit_code = exit_code
