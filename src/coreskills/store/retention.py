"""How long what is kept: the rules, and their execution."""

from typing import Any

from coreskills.domain.jobs import Job
from coreskills.store import queries, server
from coreskills.store.db import Connection, every, one, run, value

SQL = queries.load("retention")
Row = dict[str, Any]


def select_rules(conn: Connection) -> list[Row]:
    return every(conn, SQL["select_rules"])


def select_rule(conn: Connection, entity: str) -> Row | None:
    return one(conn, SQL["select_rule"], entity=entity)


def update_rule(conn: Connection, entity: str, keep_days: int) -> bool:
    """False: nothing is ever removed of this kind. Raises Invalid outside of its bounds."""
    return run(conn, SQL["update_rule"], entity=entity, keep_days=keep_days) == 1


def sweep(conn: Connection, by: Job, *, really: bool) -> dict[str, int]:
    """What is due of each kind; removed if `really`. Trail and jobs age by the real time, the rest
    by the clock of the lifecycle."""
    server.be_patient(conn, 300)
    who = {"actor": by.requested_by, "job_id": by.id, "request_id": by.request_id}
    return {
        "person_exports": value(conn, SQL["sweep_person_exports"], really=really),
        "import_rows": value(conn, SQL["sweep_import_rows"], really=really),
        "import_results": value(conn, SQL["sweep_import_results"], really=really),
        "job_rows": value(conn, SQL["sweep_job_rows"], really=really),
        "jobs": value(conn, SQL["sweep_jobs"], really=really),
        "audit_requests": value(
            conn, SQL["sweep_audit"], entity="audit_requests", really=really, **who
        ),
        "audit_changes": value(
            conn, SQL["sweep_audit"], entity="audit_changes", really=really, **who
        ),
        "purged": value(conn, SQL["sweep_residues"], really=really, **who),
    }
