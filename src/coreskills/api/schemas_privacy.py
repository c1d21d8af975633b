"""What the API answers about personal data and about the trail itself."""

from datetime import datetime
from typing import Any, Literal

from coreskills.api.schemas import Answer


class AuditHead(Answer):
    """Kept elsewhere, it proves that nobody rewrote what was sealed by then."""

    seq: int
    hash: str
    head: str
    sealed_at: datetime | None


class DisclosureList(Answer):
    disclosures: list[dict[str, Any]]
    next: str | None = None


class Hold(Answer):
    user_id: int
    legal_hold: bool


class RetentionRule(Answer):
    entity: str
    keep_days: int | None
    action: Literal["delete", "redact", "keep"]
    purpose: str


class Retention(Answer):
    rules: list[RetentionRule]
    accounts: list[dict[str, Any]]


class Record(Answer):
    """All there is about a person, by table."""
