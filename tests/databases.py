"""Databases beside the one that every test gets, made the way an installation makes its own."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from coreskills.stack.postgres import Postgres, url
from coreskills.store import migrations, roles
from tests.conftest import PASSWORD


@dataclass(frozen=True)
class Made:
    name: str
    postgres: Postgres

    def url(self, role: str) -> str:
        return url(role, PASSWORD, self.postgres.port, self.name)

    def connect(self, role: str) -> psycopg.Connection:
        return psycopg.connect(self.url(role), autocommit=True, connect_timeout=5)


@contextmanager
def made_database(postgres: Postgres, *, migrated: bool) -> Iterator[Made]:
    made = Made(f"test_{secrets.token_hex(6)}", postgres)
    passwords = {role: PASSWORD for role in (roles.OWNER, roles.API, roles.WORKER)}
    roles.create(postgres.admin_url(), passwords, made.name)
    try:
        if migrated:
            migrations.migrate(made.url(roles.OWNER))
        yield made
    finally:
        roles.drop(postgres.admin_url(), made.name)
