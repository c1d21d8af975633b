from coreskills.health.probe import Finding, Probe
from coreskills.store import migrations, server
from coreskills.store.db import Database

FIX = "coreskills logs postgres, then coreskills start"
OLDEST = 15
ANSWERS = "postgres.answers"
NEEDS = (ANSWERS,)


def probes(db: Database) -> list[Probe]:
    return [
        Probe(ANSWERS, "PostgreSQL answers", lambda: answers(db), FIX),
        Probe("postgres.version", "PostgreSQL is new enough", lambda: version(db), FIX, NEEDS),
        Probe("postgres.writable", "PostgreSQL takes writes", lambda: writable(db), FIX, NEEDS),
        Probe("postgres.connections", "Connections are left", lambda: connections(db), FIX, NEEDS),
        Probe("postgres.schema", "The schema is the newest", lambda: schema(db), FIX, NEEDS),
        Probe(
            "postgres.privileges", "The API's role is confined", lambda: confined(db), FIX, NEEDS
        ),
    ]


def answers(db: Database) -> Finding:
    with db.reading() as conn:
        return Finding(f"in {server.select_uptime(conn)} s of uptime")


def version(db: Database) -> Finding:
    with db.reading() as conn:
        found = str(server.select_server(conn)["version"])
    if int(found.split(".")[0]) < OLDEST:
        return Finding(found, f"PostgreSQL {OLDEST} or newer is needed", "upgrade PostgreSQL")
    return Finding(f"{found}, at least {OLDEST} needed")


def writable(db: Database) -> Finding:
    with db.reading() as conn:
        if server.select_server(conn)["read_only"]:
            return Finding("read-only", "this is a standby", "connect to the primary")
    return Finding("read-write")


def connections(db: Database) -> Finding:
    with db.reading() as conn:
        row = server.select_server(conn)
    used, most = row["connections"], row["max_connections"]
    measured = f"{used} of {most}"
    if used > 0.8 * most:
        return Finding(measured, "more than 80 % are in use", "coreskills stop; coreskills start")
    return Finding(measured)


def schema(db: Database) -> Finding:
    bundled = {migration.version for migration in migrations.bundled()}
    with db.reading() as conn:
        applied = server.select_versions(conn)
    measured = f"{len(bundled & applied)} of {len(bundled)} migrations"
    if missing := bundled - applied:
        return Finding(measured, f"missing: {', '.join(sorted(missing))}", "coreskills db migrate")
    return Finding(measured)


def confined(db: Database) -> Finding:
    with db.reading() as conn:
        granted = [name for name, may in server.select_privileges(conn).items() if may]
    if granted:
        return Finding("too much", f"the API may: {', '.join(granted)}", "coreskills db migrate")
    return Finding("no rewriting of audit_logs, no new tables")
