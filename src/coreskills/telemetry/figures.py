"""What PostgreSQL, Redis and the tables are asked at a scrape.

Names that begin with pg_ and redis_ are those of postgres_exporter and redis_exporter, so that what
is written about them elsewhere holds here. When PostgreSQL or Redis does not answer, its `up` is 0
and the rest of it is missing.
"""

from coreskills.telemetry.families import Family

_DATABASE = ("datname",)


def _of_database(column: str, text: str) -> Family:
    return Family(f"pg_stat_database_{column}", "counter", text, _DATABASE)


PG_UP = Family("pg_up", "gauge", "Whether PostgreSQL took a connection and answered in time.")
PG_SESSIONS = Family(
    "pg_stat_activity_count",
    "gauge",
    "Sessions by what they do, of every database of the server.",
    ("datname", "state"),
)
PG_MAX_CONNECTIONS = Family(
    "pg_settings_max_connections", "gauge", "How many sessions the server takes at most."
)
PG_SIZE = Family("pg_database_size_bytes", "gauge", "The files of our database.", _DATABASE)
PG_LOCKS = Family(
    "pg_locks_count", "gauge", "Locks in our database that are held or waited for.", ("mode",)
)
LOCK_HELD = Family(
    "coreskills_lock_held_seconds",
    "gauge",
    "How long a transaction has been open that somebody waits for, or has rested after it changed "
    "or locked something, in our database; of the longest, 0 without one.",
)
PG_STARTED = Family(
    "pg_postmaster_start_time_seconds", "gauge", "When the server was started, as Unix time."
)
PG_DATABASE = {  # by the column of pg_stat_database
    "xact_commit": _of_database("xact_commit", "Transactions that were committed."),
    "xact_rollback": _of_database("xact_rollback", "Transactions that were rolled back."),
    "blks_hit": _of_database("blks_hit", "Blocks that were found in the server's memory."),
    "blks_read": _of_database("blks_read", "Blocks that were read from the system."),
    "tup_returned": _of_database("tup_returned", "Rows that were looked at by scans."),
    "tup_fetched": _of_database("tup_fetched", "Rows that were fetched through an index."),
    "tup_inserted": _of_database("tup_inserted", "Rows that were inserted."),
    "tup_updated": _of_database("tup_updated", "Rows that were updated."),
    "tup_deleted": _of_database("tup_deleted", "Rows that were deleted."),
    "deadlocks": _of_database("deadlocks", "Deadlocks that the server found and broke."),
    "temp_bytes": _of_database("temp_bytes", "Bytes written to temporary files by queries."),
}

REDIS_UP = Family(
    "redis_up", "gauge", "Whether Redis answered in time; missing where there is none on purpose."
)
REDIS = {  # by the field of INFO
    "connected_clients": Family("redis_connected_clients", "gauge", "Clients that are connected."),
    "used_memory": Family("redis_memory_used_bytes", "gauge", "Memory that is used for data."),
    "maxmemory": Family(
        "redis_memory_max_bytes", "gauge", "Memory that may be used for data; 0: no limit."
    ),
    "total_commands_processed": Family(
        "redis_commands_processed_total", "counter", "Commands that were executed."
    ),
    "keyspace_hits": Family(
        "redis_keyspace_hits_total", "counter", "Look-ups that found their key."
    ),
    "keyspace_misses": Family(
        "redis_keyspace_misses_total", "counter", "Look-ups that found nothing."
    ),
    "evicted_keys": Family(
        "redis_evicted_keys_total", "counter", "Keys that were dropped for want of memory."
    ),
    "uptime_in_seconds": Family("redis_uptime_in_seconds", "gauge", "For how long it runs."),
}
REDIS_KEYS = Family("redis_db_keys", "gauge", "Keys by database; ours is db0.", ("db",))
QUEUE_DEPTH = Family(
    "coreskills_queue_depth", "gauge", "Entries in the stream: told to workers, not acknowledged."
)

JOBS = Family("coreskills_jobs", "gauge", "Jobs in the table, by status.", ("status",))
JOBS_OLDEST = Family(
    "coreskills_jobs_oldest_age_seconds",
    "gauge",
    "How long the oldest job that is due has waited for a worker; 0 without one.",
)
PEOPLE = Family(
    "coreskills_people", "gauge", "People, by type and state of their account.", ("type", "state")
)
DEVICES = Family(
    "coreskills_devices", "gauge", "Devices that are not retired, by compliance.", ("compliance",)
)
RESULTS = Family(
    "coreskills_policy_results",
    "gauge",
    "Devices by what a policy says of them; of the oldest 100 policies that are not retired.",
    ("policy", "outcome"),
)
AUDIT_RECORDS = Family("coreskills_audit_records", "gauge", "Rows of the audit trail.")
AUDIT_UNSEALED = Family(
    "coreskills_audit_unsealed", "gauge", "Rows of the audit trail that are not sealed yet."
)
