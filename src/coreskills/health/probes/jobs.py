from coreskills.health.probe import Finding, Probe
from coreskills.health.probes.postgres import NEEDS
from coreskills.store import jobs, server
from coreskills.store.db import Database

FIX = "coreskills status, then coreskills logs worker"
UNASKED = "coreskills logs postgres"
OLDEST_SECONDS = 10.0


def probes(db: Database) -> list[Probe]:
    return [
        Probe("jobs.backlog", "No job waits too long", lambda: backlog(db), FIX, NEEDS),
        Probe("jobs.dead", "No job is dead", lambda: dead(db), FIX, NEEDS),
        Probe("data.people", "There are students", lambda: people(db), UNASKED, NEEDS),
        Probe("data.devices", "There are devices", lambda: devices(db), UNASKED, NEEDS),
        Probe("data.policies", "There are policies", lambda: policies(db), UNASKED, NEEDS),
        Probe("audit.trail", "The audit trail is kept", lambda: trail(db), UNASKED, NEEDS),
    ]


def backlog(db: Database) -> Finding:
    with db.reading() as conn:
        row = jobs.select_backlog(conn)
    measured = f"{row['waiting']} waiting, the oldest {row['oldest_seconds']:.1f} s"
    if row["oldest_seconds"] > OLDEST_SECONDS:
        return Finding(measured, f"more than {OLDEST_SECONDS:.0f} s: the worker is not keeping up")
    return Finding(measured)


def dead(db: Database) -> Finding:
    with db.reading() as conn:
        count = sum(row["jobs"] for row in jobs.count_jobs(conn) if row["status"] == "dead")
    if count:
        fix = "coreskills jobs list --status dead, then coreskills jobs retry ID"
        return Finding(f"{count} dead", "they killed their worker three times", fix)
    return Finding("0 dead")


def people(db: Database) -> Finding:
    return _some(db, "students")


def devices(db: Database) -> Finding:
    return _some(db, "devices")


def policies(db: Database) -> Finding:
    return _some(db, "policies")


def trail(db: Database) -> Finding:
    return _some(db, "audit_logs")


def _some(db: Database, table: str) -> Finding:
    with db.reading() as conn:
        count = server.select_table_sizes(conn)[table]
    return Finding(f"{count} rows", "" if count else "the table is empty", "coreskills seed")
