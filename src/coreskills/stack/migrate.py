"""The step between an empty server and a usable one: roles, schema, the first operator."""

import sys
from dataclasses import replace
from pathlib import Path

import structlog

from coreskills import config
from coreskills.actions.operators import bootstrap_operator
from coreskills.stack.account import unprivileged
from coreskills.stack.home import Home
from coreskills.stack.postgres import url
from coreskills.stack.programs import postgres_of
from coreskills.store import migrations, roles
from coreskills.store.db import Database, wait_for_server
from coreskills.telemetry import logs

PATIENCE = 60.0  # seconds; a server that was killed replays its log first


def migrate(home: Home) -> list[str]:
    """Idempotent; returns the migrations applied now."""
    server = postgres_of(home, unprivileged())
    wait_for_server(server.admin_url(), PATIENCE)
    roles.create(
        server.admin_url(),
        {role: home.secret(role) for role in (roles.OWNER, roles.API, roles.WORKER)},
    )
    owner = url(roles.OWNER, home.secret(roles.OWNER), server.port, roles.DATABASE)
    applied = migrations.migrate(owner)
    _first_operator(home, server.port)
    return applied


def recreate(home: Home) -> None:
    """Erase the database, also under running programs, and build it anew. Secrets stay."""
    roles.drop(postgres_of(home, unprivileged()).admin_url())
    migrate(home)


def _first_operator(home: Home, port: int) -> None:
    address = url(roles.API, home.secret(roles.API), port, roles.DATABASE)
    db = Database(replace(config.Settings(), database_url=address), smallest=1, largest=1)
    try:
        bootstrap_operator(
            db, "admin", "admin", home.secret("admin_password"), home.secret("operator_token")
        )
    finally:
        db.close()


def main() -> None:
    logs.configure("migrate", "info", "json")
    applied = migrate(Home(Path(sys.argv[1])))
    structlog.get_logger("migrate").info("migrated", applied=applied)


if __name__ == "__main__":
    main()
