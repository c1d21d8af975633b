"""Brings a database to the newest schema. Forward only; why not a library: docs/decisions.md.

Each file of migrations/ runs in one transaction together with its line in schema_migrations, so
a kill at any moment leaves either both or neither, and the next run goes on from there.
"""

from dataclasses import dataclass
from hashlib import sha256
from importlib import resources

import psycopg
from psycopg.abc import Query

from coreskills.errors import StackFailed

_LOCK = 0x636F7265  # "core": one migrator at a time, the others wait
_LEDGER = """CREATE TABLE IF NOT EXISTS schema_migrations (
    version    text PRIMARY KEY,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


@dataclass(frozen=True)
class Migration:
    version: str
    sql: str

    @property
    def checksum(self) -> str:
        return sha256(self.sql.encode()).hexdigest()


def bundled() -> list[Migration]:
    folder = resources.files(__package__) / "migrations"
    files = sorted(path.name for path in folder.iterdir() if path.name.endswith(".sql"))
    return [
        Migration(name.removesuffix(".sql"), (folder / name).read_text(encoding="utf-8"))
        for name in files
    ]


def migrate(owner_url: str, migrations: list[Migration] | None = None) -> list[str]:
    """Apply what is missing; returns the versions applied now.

    Raises StackFailed when a file that was applied here has been edited since.
    """
    migrations = bundled() if migrations is None else migrations
    with psycopg.connect(owner_url, autocommit=True, connect_timeout=5) as conn:
        conn.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        conn.execute(_LEDGER)
        conn.execute("GRANT SELECT ON schema_migrations TO PUBLIC")
        rows = conn.execute("SELECT version, checksum FROM schema_migrations").fetchall()
        done: dict[str, str] = dict(rows)
        _refuse_edited(migrations, done)
        missing = [migration for migration in migrations if migration.version not in done]
        for migration in missing:
            _apply(conn, migration)
        return [migration.version for migration in missing]


def _apply(conn: psycopg.Connection[tuple[str, ...]], migration: Migration) -> None:
    with conn.transaction():
        statements: Query = migration.sql.encode()
        conn.execute(statements)
        conn.execute(
            "INSERT INTO schema_migrations (version, checksum) VALUES (%s, %s)",
            [migration.version, migration.checksum],
        )


def _refuse_edited(migrations: list[Migration], done: dict[str, str]) -> None:
    for migration in migrations:
        if done.get(migration.version, migration.checksum) != migration.checksum:
            raise StackFailed(
                f"Migration {migration.version} was changed after it was applied to this database",
                check="database.migrations",
                fix="restore the file from git and put the change into a new migration",
            )
