"""Real servers for the tests: one PostgreSQL and one Valkey a session, a new database a test."""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from psycopg import sql

from coreskills.broker.streams import RedisQueue
from coreskills.config import Settings
from coreskills.engine.native import NativeEngine
from coreskills.stack import redis as stack_redis
from coreskills.stack.account import unprivileged
from coreskills.stack.postgres import Postgres, url
from coreskills.stack.redis import Redis
from coreskills.store import migrations, roles
from coreskills.store.db import Database
from coreskills.worker.dispatcher import Dispatcher
from coreskills.worker.loop import Worker
from tests.client import Client
from tests.people import GRACE, tokens_for
from tests.ports import free_port

# Where a Docker engine happens to run, instances of the tests are native all the same.
os.environ["CORESKILLS_MODE"] = "native"
PASSWORD = "test-" + secrets.token_hex(8)
TEMPLATE = "coreskills_template"
MEMORY = Path("/dev/shm")


def missing(service: str) -> None:
    """A service that is not there skips on a laptop and fails in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"{service} is needed in CI")
    pytest.skip(f"{service} is not available")


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Reachable by the account that the servers run under, which tmp_path is not for root."""
    path = Path(tempfile.mkdtemp(prefix="coreskills-tests-", dir=_memory()))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(folder: Path) -> Iterator[Postgres]:
    server = Postgres(folder / "postgres", free_port(), PASSWORD, unprivileged())
    server.initialise()
    with (folder / "postgres.log").open("wb") as log:
        process = subprocess.Popen(
            [*server.command(), "-c", "fsync=off"],
            stdout=log,
            stderr=log,
            cwd=server.base,
            **server.popen_arguments(),
        )
    _wait_for(server.admin_url())
    passwords = {role: PASSWORD for role in (roles.OWNER, roles.API, roles.WORKER)}
    roles.create(server.admin_url(), passwords, TEMPLATE)
    migrations.migrate(url(roles.OWNER, PASSWORD, server.port, TEMPLATE))
    yield server
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture(scope="session")
def redis(folder: Path) -> Iterator[Redis]:
    if stack_redis.binary() is None:
        missing("Valkey")
    server = Redis(folder / "redis", free_port(), PASSWORD, unprivileged())
    server.prepare()
    with (folder / "redis.log").open("wb") as log:
        process = subprocess.Popen(
            server.command(), stdout=log, stderr=log, **server.popen_arguments()
        )
    _wait_for_redis(server)
    yield server
    process.terminate()
    process.wait(timeout=10)


@dataclass(frozen=True)
class Site:
    """One test's own database, under the three roles."""

    name: str
    postgres: Postgres

    def url(self, role: str) -> str:
        return url(role, PASSWORD, self.postgres.port, self.name)

    def admin(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.postgres.admin_url(self.name), autocommit=True)


@pytest.fixture
def site(postgres: Postgres) -> Iterator[Site]:
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres.admin_url(), autocommit=True) as conn:
        conn.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE)
            )
        )
    yield Site(name, postgres)
    with psycopg.connect(postgres.admin_url(), autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def jwt_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def settings(site: Site, jwt_key: str) -> Settings:
    """One job at a time, so that a test can look between two."""
    return Settings(
        database_url=site.url(roles.API), jwt_key=jwt_key, lease_seconds=2.0, batch_jobs=1
    )


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    database = Database(settings, smallest=1, largest=10)
    yield database
    database.close()


@pytest.fixture
def worker_db(site: Site, settings: Settings) -> Iterator[Database]:
    own = replace(settings, database_url=site.url(roles.WORKER))
    database = Database(own, smallest=1, largest=20)
    yield database
    database.close()


@pytest.fixture
def queue(redis: Redis) -> Iterator[RedisQueue]:
    """An empty one."""
    made = RedisQueue(redis.url())
    made._client.flushall()
    yield made
    made.close()


@pytest.fixture
def worker(worker_db: Database, queue: RedisQueue, settings: Settings) -> Worker:
    """With a leader's first tick behind it, so that stream and group exist."""
    with worker_db.reading() as conn:
        Dispatcher(worker_db, queue).tick(conn)
    made = Worker(worker_db, queue, NativeEngine(), settings, f"worker-{secrets.token_hex(4)}")
    while made.run_once(wait_seconds=0.05):
        pass  # the first tick fires the schedules
    return made


@pytest.fixture
def client(db: Database, queue: RedisQueue, settings: Settings) -> Client:
    """The API as Grace, the administrator, sees it."""
    from coreskills.server import create_app

    app = create_app(db, queue, settings)
    return Client(app, tokens_for(db), GRACE)


def _memory() -> str | None:
    """A file system in memory with room: a database for every test is some hundred files."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4 * 2**30:
        return str(MEMORY)
    return None


def _wait_for(admin_url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(admin_url, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _wait_for_redis(server: Redis) -> None:
    from coreskills.errors import Unavailable

    deadline = time.monotonic() + 10
    while True:
        try:
            RedisQueue(server.url()).ping()
            return
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
