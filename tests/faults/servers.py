"""PostgreSQL and Valkey as the laboratory breaks them."""

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import redis

from coreskills.broker.streams import EPOCH, GROUP, STREAM
from coreskills.stack.account import unprivileged
from coreskills.stack.postgres import Postgres
from coreskills.stack.postgres import url as postgres_url
from coreskills.stack.processes import end
from coreskills.stack.redis import Redis
from coreskills.store import migrations, roles
from tests.faults.programs import Command
from tests.ports import free_port


class PostgresServer(Command):
    """With fsync off: the machine never fails here, only processes do."""

    def __init__(self, folder: Path, password: str, log: Path, **options: str) -> None:
        self.server = Postgres(folder, free_port(), password, unprivileged())
        self._password = password
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        super().__init__(
            "postgres",
            log,
            lambda: [*self.server.command(), "-c", "fsync=off", *flags],
            **self.server.popen_arguments(),
        )

    @property
    def port(self) -> int:
        return self.server.port

    def create(self) -> None:
        """The folder, the server, the roles and the schema."""
        self.server.initialise()
        self.start()
        names = (roles.OWNER, roles.API, roles.WORKER)
        roles.create(self.server.admin_url(), dict.fromkeys(names, self._password))
        migrations.migrate(self.url(roles.OWNER))

    def url(self, role: str, port: int | None = None) -> str:
        return postgres_url(role, self._password, port or self.port, roles.DATABASE)

    def start(self, seconds: float = 60) -> None:
        """Until it answers. What a killed one left must go first, so it may take several goes."""
        deadline = time.monotonic() + seconds
        super().start()
        while not self.answers():
            assert time.monotonic() < deadline, f"PostgreSQL does not start:\n{self.text()[-2000:]}"
            if not self.alive:
                time.sleep(0.2)
                super().start()
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            psycopg.connect(self.server.admin_url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill(self) -> None:
        """The postmaster alone: its children notice, and leave in their own time."""
        self.signal(signal.SIGKILL)
        self.wait()

    def end_orphans(self) -> None:
        """What a killed postmaster left behind."""
        if self._identity:
            end([self._identity], 5.0)

    def stop_fast(self) -> int:
        """Sessions are ended, then it stops in order."""
        self.signal(signal.SIGINT)
        return self.wait()

    def stop_immediately(self) -> int:
        self.signal(signal.SIGQUIT)
        return self.wait()

    def pause_all(self) -> None:
        """As a virtual machine does that is suspended."""
        self._signal_all(signal.SIGSTOP)

    def resume_all(self) -> None:
        self._signal_all(signal.SIGCONT)

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """As the administrator, past every proxy; waits while the server is down."""
        deadline = time.monotonic() + 30
        while True:
            try:
                return self._ask(statement, values)
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def backends(self, role: str) -> list[int]:
        """Process ids of the sessions of a role."""
        rows = self.ask("SELECT pid FROM pg_stat_activity WHERE usename = %s ORDER BY pid", role)
        return [pid for (pid,) in rows]

    def end_sessions(self) -> int:
        """pg_terminate_backend on all but our own."""
        rows = self.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename LIKE 'coreskills%%' AND pid <> pg_backend_pid()"
        )
        return len(rows)

    def _ask(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        address = self.server.admin_url(roles.DATABASE)
        with psycopg.connect(address, autocommit=True, connect_timeout=5) as conn:
            # built by the test, never from outside
            cursor = conn.execute(statement, values or None)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def _signal_all(self, number: int) -> None:
        for pid in [self.pid, *self.children()]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


class RedisServer(Command):
    def __init__(self, folder: Path, password: str, log: Path) -> None:
        self.server = Redis(folder, free_port(), password, unprivileged())
        self._password = password
        super().__init__("redis", log, self.server.command, **self.server.popen_arguments())

    @property
    def port(self) -> int:
        return self.server.port

    def create(self) -> None:
        self.server.prepare()
        self.start()

    def url(self, port: int | None = None) -> str:
        return f"redis://:{self._password}@127.0.0.1:{port or self.port}/0"

    def start(self, seconds: float = 20) -> None:
        """Until it answers and has loaded what was on its disk."""
        super().start()
        deadline = time.monotonic() + seconds
        while not self.answers():
            assert self.alive, f"Redis does not start:\n{self.text()[-2000:]}"
            assert time.monotonic() < deadline, "Redis does not answer"
            time.sleep(0.01)

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def client(self) -> redis.Redis:
        """As the administrator, past every proxy."""
        return redis.Redis.from_url(self.url(), decode_responses=True, socket_timeout=5)

    def restart_empty(self) -> None:
        self.kill()
        self.forget()
        self.start()

    def forget(self) -> None:
        """While it is down: lose the disk."""
        shutil.rmtree(self.server.base / "appendonlydir", ignore_errors=True)

    def flush(self) -> None:
        with self.client() as client:
            client.flushall()

    def delete_stream(self) -> None:
        """The entries go and the epoch stays."""
        with self.client() as client:
            client.delete(STREAM)

    def destroy_group(self) -> None:
        with self.client() as client, suppress(redis.ResponseError):
            client.xgroup_destroy(STREAM, GROUP)

    def trim(self) -> None:
        with self.client() as client:
            client.xtrim(STREAM, maxlen=0)

    def epoch(self) -> str | None:
        with self.client() as client:
            found: Any = client.get(EPOCH)
        return found
