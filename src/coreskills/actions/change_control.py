"""Setting thresholds and freeze windows."""

from typing import Any

from coreskills.actions.request import Request
from coreskills.domain.change_control import FreezeWindow, Threshold
from coreskills.errors import NotFound
from coreskills.store import audit, plans
from coreskills.store.db import Database

Row = dict[str, Any]


def set_threshold(
    db: Database, request: Request, job_type: str, action: str, threshold: Threshold
) -> Row:
    with db.transaction() as conn:
        known = {(row["job_type"], row["action"]): row for row in plans.select_thresholds(conn)}
        before = known.get((job_type, action))
        after = plans.update_threshold(conn, job_type, action, **threshold.model_dump())
        if before is None or after is None:
            raise NotFound(f"There is no threshold for {action} in {job_type}")
        details = {"before": before, "after": after}
        audit.insert_audit(
            conn, request.entry("threshold.changed", "threshold", None, details=details)
        )
        return after


def freeze(db: Database, request: Request, window: FreezeWindow) -> Row:
    with db.transaction() as conn:
        row = plans.insert_freeze_window(conn, window.row())
        details = {"after": window.model_dump(mode="json")}
        entry = request.entry("freeze_window.created", "freeze_window", row["id"], details=details)
        audit.insert_audit(conn, entry)
        return row


def thaw(db: Database, request: Request, id: int) -> None:
    with db.transaction() as conn:
        known = {row["id"]: row for row in plans.select_freeze_windows(conn)}
        if not plans.delete_freeze_window(conn, id):
            raise NotFound(f"There is no freeze window {id}")
        window = {name: str(value) for name, value in known.get(id, {}).items()}
        entry = request.entry(
            "freeze_window.removed", "freeze_window", id, details={"before": window}
        )
        audit.insert_audit(conn, entry)
