"""PostgreSQL: how full, how busy, and whether somebody waits."""

from .board import Board
from .panels import About, Line, dial, light, lines, number
from .queries import of, rate, share, total

OURS = 'datname=~"coreskills.*"'
DATABASE = "pg_stat_database"

NOW = [
    light(
        About("PostgreSQL", "Whether it answered at the last scrape.", width=4, height=6),
        f"min({of('pg_up')})",
    ),
    number(
        About("Running for", "Since the server was started.", unit="s", width=4, height=6),
        f"time() - max({of('pg_postmaster_start_time_seconds')})",
    ),
    dial(
        About(
            "Sessions of those there may be",
            "At 100 % nobody else gets in. Then look at who is `idle in transaction` below.",
            unit="percentunit",
            width=6,
            height=6,
            limits=(0.7, 0.9),
            most=1,
        ),
        Line(
            share(total("pg_stat_activity_count"), f"max({of('pg_settings_max_connections')})"),
            "sessions",
        ),
    ),
    dial(
        About(
            "The API's pool in use",
            "Of the connections that the API may have, how many work. At 100 % requests wait.",
            unit="percentunit",
            width=6,
            height=6,
            limits=(0.7, 0.95),
            most=1,
        ),
        Line(
            share(
                total("coreskills_db_pool_connections", 'state="used"', 'job="api"'),
                total("coreskills_db_pool_connections_max", 'job="api"'),
            ),
            "in use",
        ),
    ),
    number(
        About("Size", "Files of our database.", unit="bytes", width=4, height=6),
        f"max({of('pg_database_size_bytes', OURS)})",
    ),
]
SESSIONS = [
    lines(
        About(
            "Sessions",
            "By what they do. `active` works; `idle in transaction` holds locks and does "
            "nothing: that should be none.",
        ),
        Line(total("pg_stat_activity_count", by="state"), "{{state}}"),
        stacked=True,
    ),
    lines(
        About("Pools", "Connections of the API and of the workers, by what they do."),
        Line(total("coreskills_db_pool_connections", by="job, state"), "{{job}} {{state}}"),
        Line(total("coreskills_db_pool_waiting", by="job"), "{{job}} waits for one"),
    ),
]
WORK = [
    lines(
        About(
            "Transactions",
            "Committed and rolled back, a second. A refused request is rolled back, too.",
            unit="ops",
        ),
        Line(rate(f"{DATABASE}_xact_commit", OURS), "committed"),
        Line(rate(f"{DATABASE}_xact_rollback", OURS), "rolled back"),
    ),
    lines(
        About("Rows written", "Rows a second.", unit="wps"),
        Line(rate(f"{DATABASE}_tup_inserted", OURS), "inserted"),
        Line(rate(f"{DATABASE}_tup_updated", OURS), "updated"),
        Line(rate(f"{DATABASE}_tup_deleted", OURS), "deleted"),
    ),
    lines(
        About(
            "Rows read",
            "Rows a second. Far more looked at than fetched: a query without an index.",
            unit="rps",
        ),
        Line(rate(f"{DATABASE}_tup_returned", OURS), "looked at"),
        Line(rate(f"{DATABASE}_tup_fetched", OURS), "fetched through an index"),
    ),
    lines(
        About(
            "Found in memory",
            "Share of blocks that were in the server's memory. Low for long: it has too little.",
            unit="percentunit",
            limits=(0.9, 0.99),
            low=True,
            most=1,
        ),
        Line(
            share(
                rate(f"{DATABASE}_blks_hit", OURS),
                f"({rate(f'{DATABASE}_blks_hit', OURS)} + {rate(f'{DATABASE}_blks_read', OURS)})",
            ),
            "found",
        ),
    ),
]
TROUBLE = [
    lines(
        About("Locks", "Locks that are held or waited for, by mode."),
        Line(f"{total('pg_locks_count', by='mode')} > 0", "{{mode}}"),
        stacked=True,
    ),
    lines(
        About(
            "Longest hold",
            "How long a transaction has been open that somebody waits for, or has rested after it "
            "changed something. Above 30 s others are refused: end it, as the runbook of "
            "`LockHeld` says.",
            unit="s",
            limits=(10, 30),
        ),
        Line(f"max({of('coreskills_lock_held_seconds')})", "longest"),
    ),
    lines(
        About(
            "Deadlocks",
            "Transactions a second that waited for each other; one of them was ended. Always 0.",
            unit="ops",
            width=6,
            limits=(0.001, 0.01),
        ),
        Line(rate(f"{DATABASE}_deadlocks", OURS), "deadlocks"),
    ),
    lines(
        About(
            "Temporary files",
            "Bytes a second that queries wrote because they did not fit into memory.",
            unit="Bps",
            width=6,
            limits=(1e6, 1e8),
        ),
        Line(rate(f"{DATABASE}_temp_bytes", OURS), "written"),
    ),
]

BOARD = Board(
    "postgresql",
    "CoreSkills PostgreSQL",
    "PostgreSQL: how full, how busy, and whether somebody waits.",
    [("Now", NOW), ("Sessions", SESSIONS), ("Work", WORK), ("Trouble", TROUBLE)],
)
