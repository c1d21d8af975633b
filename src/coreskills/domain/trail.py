"""What can be wrong with the trail, and between the tables."""

from typing import Annotated

from pydantic import Field

from coreskills.domain.people import Planned, Strict

FAULTS = {
    "changed": "is not what was sealed",
    "exchanged": "holds what another row held when it was sealed",
    "missing": "was sealed and is gone",
    "inserted": "stands among sealed rows and was never sealed, or its seal is gone",
    "seal_missing": "follows seals that are gone",
    "rewritten": "has another hash than the one that was kept elsewhere",
}


class AuditVerify(Strict):
    """Looks whether the trail is what was sealed. `head` is an earlier head, kept elsewhere."""

    head: Annotated[str, Field(pattern=r"^([0-9]{1,18}:[0-9a-f]{64})?$")] = ""


class Reconcile(Planned):
    """Looks whether the tables that must agree, agree; repairs what can be repaired safely."""

    repair: bool = False
