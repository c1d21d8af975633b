"""Jobs about personal data: handing it out, forgetting it, and keeping it no longer than needed."""

from typing import Any

from coreskills.domain.privacy import ExportPerson, RetentionSweep, fields_of
from coreskills.errors import ChangedMeanwhile, NotFound
from coreskills.store import audit, privacy, retention, users
from coreskills.store.db import Connection
from coreskills.store.privacy import Disclosure
from coreskills.worker.context import Context, Outcome

Row = dict[str, Any]


def export_person(context: Context) -> Outcome:
    """The right of access: all there is, to be collected once. The result holds nothing of it."""
    wanted = ExportPerson.model_validate(context.job.parameters)
    with context.db.reading() as conn:
        user = users.select_user(conn, wanted.user_id)
        if user["state"] == "purged":
            raise NotFound(f"There is no user {wanted.user_id}")
        record = privacy.select_record(conn, wanted.user_id)
    given = Disclosure(
        user_id=wanted.user_id,
        party=wanted.party,
        purpose=wanted.purpose,
        fields=fields_of(record),
        job_id=context.job.id,
        request_id=context.job.request_id,
    )

    def write(conn: Connection) -> None:
        if not privacy.insert_export(conn, context.job.id, user["id"], user["version"], record):
            raise ChangedMeanwhile(f"User {user['id']} was changed meanwhile")
        privacy.insert_disclosure(conn, given)
        details = {"party": wanted.party, "why": wanted.purpose, "fields": len(given.fields)}
        audit.insert_audit(
            conn, context.entry_of_user(f"{user['type']}.exported", user["id"], details)
        )

    rows = {table: len(found) for table, found in record.items() if found}
    where = f"/api/v1/exports/{context.job.id}/collect"
    return Outcome({"UserID": user["id"], "Rows": rows, "Collect": where}, write)


def retention_sweep(context: Context) -> Outcome:
    """Counts and removes in one transaction, fenced; a second run finds nothing."""
    wanted = RetentionSweep.model_validate(context.job.parameters)
    job, really = context.job, not wanted.dry_run
    with context.db.transaction() as conn:
        context.hold(conn)
        counts = retention.sweep(conn, job, really=really)
        if really and any(counts.values()):
            entry = context.entry("retention.swept", "retention", details={"after": counts})
            audit.insert_audit(conn, entry)
    return Outcome({"DryRun": wanted.dry_run, "Counts": counts})
