"""What the law asks about personal data: who may have it, who got it, how long it stays."""

from typing import Annotated, Any

from pydantic import Field

from coreskills.domain.people import Id, Strict

Party = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Purpose = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f]+$")]


class ExportRequest(Strict):
    """Who is given all that is known about a person, and what for."""

    party: Party
    purpose: Purpose


class ExportPerson(ExportRequest):
    user_id: Id


class LegalHold(Strict):
    held: bool
    reason: Purpose


class RetentionChange(Strict):
    keep_days: Annotated[int, Field(ge=0, le=36_600)]
    reason: Purpose


class RetentionSweep(Strict):
    """Removes what was kept as long as the rules say; `dry_run` tells what that is."""

    dry_run: bool = False


def fields_of(record: dict[str, Any]) -> list[str]:
    """What a record of a person says: table and column, where there is anything."""
    return sorted(
        {
            f"{table}.{column}"
            for table, rows in record.items()
            for row in rows
            for column, value in row.items()
            if value not in (None, "", [], {})
        }
    )
