"""Creates the database and its roles: an owner for the schema, one role for each program."""

import psycopg
from psycopg import sql

from coreskills.store.names import API, DATABASE, OWNER, WORKER

__all__ = ["API", "DATABASE", "OWNER", "WORKER", "create", "drop"]


def create(admin_url: str, passwords: dict[str, str], database: str = DATABASE) -> None:
    """Idempotent; sets the passwords anew. `admin_url` is a superuser's.

    Nobody but these roles may connect, and only the owner may create anything.
    """
    with psycopg.connect(admin_url, autocommit=True, connect_timeout=5) as conn:
        for role in (OWNER, API, WORKER):
            _role(conn, role, passwords[role])
        # For session_counts(), which tells the API numbers and no statements.
        conn.execute(sql.SQL("GRANT pg_read_all_stats TO {}").format(sql.Identifier(OWNER)))
        if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            conn.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(database), sql.Identifier(OWNER)
                )
            )
        conn.execute(
            sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database))
        )
        conn.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}, {}").format(
                sql.Identifier(database), sql.Identifier(API), sql.Identifier(WORKER)
            )
        )
        conn.execute(
            sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(
                sql.Identifier(database), sql.Identifier(WORKER)
            )
        )


def drop(admin_url: str, database: str = DATABASE) -> None:
    """Whoever is connected is thrown out."""
    with psycopg.connect(admin_url, autocommit=True, connect_timeout=5) as conn:
        conn.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
        )


def _role(conn: psycopg.Connection[tuple[int, ...]], role: str, password: str) -> None:
    if not conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
        conn.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    conn.execute(
        sql.SQL("ALTER ROLE {} WITH LOGIN PASSWORD {}").format(
            sql.Identifier(role), sql.Literal(password)
        )
    )
