"""Parameters of the jobs that exchange rosters: simple CSV, and OneRoster's form."""

from typing import Annotated

from pydantic import Field

from coreskills.domain.oneroster.columns import Mode
from coreskills.domain.people import Planned, Strict


class ImportUsers(Planned):
    """`digest`: of the file, so that a plan for one file is not followed with another."""

    rows: int
    filename: str = ""
    digest: str


class OneRosterImport(Planned):
    """`files` are those of the manifest, with their modes; `digest` is that of what they say."""

    rows: int
    filename: str = ""
    files: dict[str, Mode]
    digest: str


class OneRosterExport(Strict):
    """A mass read of personal data: it says to what end."""

    purpose: Annotated[str, Field(min_length=3, max_length=200)]
    party: Annotated[str, Field(min_length=1, max_length=200)] = "the district"
