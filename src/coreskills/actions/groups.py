"""Making and changing groups and licences, and who is in a group."""

from typing import Any

from coreskills.actions.request import Request, difference
from coreskills.domain.groups import Group, GroupChange, Licence, LicenceChange
from coreskills.errors import Conflict, NotFound, StaleVersion
from coreskills.store import audit, groups, licences, users
from coreskills.store.db import Connection, Database

Row = dict[str, Any]


def make_group(db: Database, request: Request, group: Group) -> Row:
    with db.transaction() as conn:
        id = groups.insert_group(conn, group.model_dump())
        _note(conn, request, "group.created", id, {"after": group.model_dump()})
        return _group(conn, id)


def change_group(db: Database, request: Request, id: int, version: int, change: GroupChange) -> Row:
    """Raises NotFound, StaleVersion, or Conflict `state_conflict` for a rule of a static group."""
    with db.transaction() as conn:
        before = _group(conn, id)
        wanted = change.model_dump(exclude_unset=True)
        if "rule" in wanted and before["kind"] != "rule":
            raise Conflict(f"Group {id} is static and takes no rule", code="state_conflict")
        row = {name: before[name] for name in GroupChange.model_fields} | wanted
        if not groups.update_group(conn, id, version, row):
            raise _stale("Group", id)
        _note(conn, request, "group.changed", id, difference(before, wanted))
        return _group(conn, id)


def remove_group(db: Database, request: Request, id: int, version: int) -> None:
    """With its memberships."""
    with db.transaction() as conn:
        before = _group(conn, id)
        if not groups.delete_group(conn, id, version):
            raise _stale("Group", id)
        told = {name: before[name] for name in ("name", "kind", "rule", "members")}
        _note(conn, request, "group.removed", id, {"before": told})


def put_in(db: Database, request: Request, id: int, user_id: int) -> None:
    """Who is in already stays in. Raises Conflict for a group by rule, or an ended account."""
    with db.transaction() as conn:
        _refuse_ruled(_group(conn, id))
        user = users.select_user(conn, user_id)
        if user["state"] not in ("staged", "active", "suspended"):
            raise Conflict(f"User {user_id} is {user['state']}", code="state_conflict")
        if groups.insert_member(conn, id, user_id):
            _note(conn, request, "group.member_added", id, {"after": {"member": True}}, user_id)


def take_out(db: Database, request: Request, id: int, user_id: int) -> None:
    with db.transaction() as conn:
        _refuse_ruled(_group(conn, id))
        if not groups.delete_member(conn, id, user_id):
            raise NotFound(f"User {user_id} is not in group {id}")
        _note(conn, request, "group.member_removed", id, {"before": {"member": True}}, user_id)


def make_licence(db: Database, request: Request, licence: Licence) -> Row:
    with db.transaction() as conn:
        id = licences.insert_licence(conn, licence.model_dump())
        _note(conn, request, "licence.created", id, {"after": licence.model_dump()})
        return _licence(conn, id)


def change_licence(
    db: Database, request: Request, id: int, version: int, change: LicenceChange
) -> Row:
    """Raises Conflict `seats_in_use` for fewer seats than are used; NotFound, StaleVersion."""
    with db.transaction() as conn:
        before = _licence(conn, id)
        wanted = change.model_dump(exclude_unset=True)
        row = {name: before[name] for name in LicenceChange.model_fields} | wanted
        if not licences.update_licence(conn, id, version, row):
            raise _stale("Licence", id)
        _note(conn, request, "licence.changed", id, difference(before, wanted))
        return _licence(conn, id)


def remove_licence(db: Database, request: Request, id: int, version: int) -> None:
    """With all its seats."""
    with db.transaction() as conn:
        before = _licence(conn, id)
        if not licences.delete_licence(conn, id, version):
            raise _stale("Licence", id)
        told = {name: before[name] for name in ("sku", "seats", "used", "rule")}
        _note(conn, request, "licence.removed", id, {"before": told})


def _group(conn: Connection, id: int) -> Row:
    row = groups.select_group(conn, id)
    if row is None:
        raise NotFound(f"There is no group {id}")
    return row


def _licence(conn: Connection, id: int) -> Row:
    row = licences.select_licence(conn, id)
    if row is None:
        raise NotFound(f"There is no licence {id}")
    return row


def _refuse_ruled(group: Row) -> None:
    if group["kind"] == "rule":
        raise Conflict(f"Who is in {group['name']} follows from its rule", code="state_conflict")


def _stale(what: str, id: int) -> StaleVersion:
    return StaleVersion(f"{what} {id} was changed meanwhile; read it again")


def _note(
    conn: Connection,
    request: Request,
    action: str,
    id: int,
    details: Row,
    user_id: int | None = None,
) -> None:
    what = action.partition(".")[0]
    audit.insert_audit(conn, request.entry(action, what, id, user_id=user_id, details=details))
