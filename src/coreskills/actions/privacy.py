"""Legal hold, the rules of retention, and handing out what was exported."""

from typing import Any

from coreskills.actions.request import Request
from coreskills.domain.privacy import LegalHold, RetentionChange
from coreskills.errors import Conflict, Fault, Invalid, NotFound
from coreskills.store import audit, privacy, retention, users
from coreskills.store.db import Connection, Database

Row = dict[str, Any]


def hold(db: Database, request: Request, user_id: int, wanted: LegalHold) -> Row:
    """While it holds, nothing about the person is purged or swept. Raises NotFound, Conflict."""
    with db.transaction() as conn:
        user = users.select_user(conn, user_id)
        if user["state"] == "purged":
            raise Conflict(f"User {user_id} is purged already", code="state_conflict")
        if privacy.update_hold(conn, user_id, held=wanted.held):
            details = {
                "before": {"legal_hold": not wanted.held},
                "after": {"legal_hold": wanted.held},
                "why": wanted.reason,
            }
            action = f"{user['type']}.{'held' if wanted.held else 'released'}"
            entry = request.entry(action, "user", user_id, user_id=user_id, details=details)
            audit.insert_audit(conn, entry)
    return {"user_id": user_id, "legal_hold": wanted.held}


def change_rule(db: Database, request: Request, entity: str, change: RetentionChange) -> Row:
    """Raises NotFound, Conflict for what is kept in any case, Invalid outside of the bounds."""
    with db.transaction() as conn:
        before = _rule(conn, entity)
        if before["action"] == "keep":
            raise Conflict(f"{entity} are kept in any case", code="state_conflict")
        _refuse_beyond(before, change.keep_days)
        retention.update_rule(conn, entity, change.keep_days)
        details = {
            "before": {"keep_days": before["keep_days"]},
            "after": {"keep_days": change.keep_days},
            "why": change.reason,
            "entity": entity,
        }
        entry = request.entry("retention.changed", "retention", None, details=details)
        audit.insert_audit(conn, entry)
        return _rule(conn, entity)


def collect(db: Database, request: Request, job_id: int) -> Row:
    """What export_person put there; the second who asks finds nothing. Raises NotFound."""
    with db.transaction() as conn:
        export = privacy.collect_export(conn, job_id)
        if export is None:
            raise NotFound(f"Job {job_id} left nothing to collect, or it was collected already")
        id = export["user_id"]
        entry = request.entry("export.collected", "user", id, user_id=id, job_id=job_id)
        audit.insert_audit(conn, entry)
    body: Row = export["body"]
    return body


def _rule(conn: Connection, entity: str) -> Row:
    row = retention.select_rule(conn, entity)
    if row is None:
        raise NotFound(f"There is no rule for {entity}")
    return row


def _refuse_beyond(rule: Row, days: int) -> None:
    if not rule["least_days"] <= days <= rule["most_days"]:
        message = f"must be {rule['least_days']} to {rule['most_days']}"
        fault = Fault("/keep_days", "out_of_bounds", message)
        raise Invalid(f"{rule['entity']} cannot be kept for {days} days", [fault])


def note_download(db: Database, request: Request, job_id: int) -> None:
    """Who fetched the package of an export, which may be somebody else than who asked for it."""
    with db.transaction() as conn:
        entry = request.entry("export.downloaded", "job", job_id, job_id=job_id)
        audit.insert_audit(conn, entry)
