"""The step between an empty server and a usable one: roles, schema, the first operator.

python -m coreskills.stack.migrate HOME    of a native instance
python -m coreskills.stack.migrate         as the environment says, which is how containers do
"""

import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import structlog

from coreskills import config
from coreskills.actions.operators import bootstrap_operator
from coreskills.config import Preparation
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
    return prepare(_preparation(home))


def prepare(wanted: Preparation) -> list[str]:
    """Idempotent; returns the migrations applied now."""
    wait_for_server(wanted.admin_url, PATIENCE)
    addresses = {
        roles.OWNER: wanted.owner_url,
        roles.API: wanted.api_url,
        roles.WORKER: wanted.worker_url,
    }
    roles.create(wanted.admin_url, {role: _password(found) for role, found in addresses.items()})
    applied = migrations.migrate(wanted.owner_url)
    _first_operator(wanted)
    return applied


def recreate(home: Home) -> None:
    """Erase the database, also under running programs, and build it anew. Secrets stay."""
    roles.drop(postgres_of(home, unprivileged()).admin_url())
    migrate(home)


def _preparation(home: Home) -> Preparation:
    server = postgres_of(home, unprivileged())

    def address(role: str) -> str:
        return url(role, home.secret(role), server.port, roles.DATABASE)

    return Preparation(
        admin_url=server.admin_url(),
        owner_url=address(roles.OWNER),
        api_url=address(roles.API),
        worker_url=address(roles.WORKER),
        admin_password=home.secret("admin_password"),
        operator_token=home.secret("operator_token"),
    )


def _password(address: str) -> str:
    return unquote(urlsplit(address).password or "")


def _first_operator(wanted: Preparation) -> None:
    db = Database(replace(config.Settings(), database_url=wanted.api_url), smallest=1, largest=1)
    try:
        bootstrap_operator(db, "admin", "admin", wanted.admin_password, wanted.operator_token)
    finally:
        db.close()


def main() -> None:
    logs.configure("migrate", "info", "json")
    wanted = _preparation(Home(Path(sys.argv[1]))) if sys.argv[1:] else config.load_preparation()
    structlog.get_logger("migrate").info("migrated", applied=prepare(wanted))


if __name__ == "__main__":
    main()
