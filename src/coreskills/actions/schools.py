"""Schools and what they belong to: founded, and changed. None is erased: people were there."""

from typing import Any

from coreskills.actions.request import Request, difference
from coreskills.domain.schools import School, SchoolChange
from coreskills.errors import StaleVersion
from coreskills.store import audit, orgs
from coreskills.store.db import Database

Row = dict[str, Any]


def found_school(db: Database, request: Request, school: School) -> Row:
    """Raises Conflict `duplicate_org`, NotFound for a parent or feeder that is not there."""
    with db.transaction() as conn:
        id = orgs.insert_org(conn, school.model_dump())
        details = {"after": school.model_dump()}
        audit.insert_audit(conn, request.entry("school.created", "org", id, details=details))
        return orgs.select_org(conn, id)


def change_school(
    db: Database, request: Request, id: int, version: int, change: SchoolChange
) -> Row:
    with db.transaction() as conn:
        before = orgs.select_org(conn, id)
        row = {name: before[name] for name in SchoolChange.model_fields}
        row |= change.model_dump(exclude_unset=True)
        if not orgs.update_org(conn, id, version, row):
            raise StaleVersion(f"School {id} was changed meanwhile; read it again")
        details = difference(before, row)
        audit.insert_audit(conn, request.entry("school.changed", "org", id, details=details))
        return orgs.select_org(conn, id)
