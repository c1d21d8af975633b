"""PostgreSQL and Valkey of an instance, exactly as it runs them, without its API and workers."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

from coreskills.stack.account import unprivileged
from coreskills.stack.home import Home
from coreskills.stack.programs import Program, postgres_of, programs, redis_of
from coreskills.stack.psql import address
from coreskills.stack.supervisor import Supervisor
from coreskills.store import names
from coreskills.store.db import wait_for_server
from harness.instance import new_home, started, stop

SERVERS = ("postgres", "redis")
NO_DISK = ("tmpfs", "ramfs")


@dataclass(frozen=True)
class Servers:
    home: Home

    @property
    def admin_url(self) -> str:
        return postgres_of(self.home, unprivileged()).admin_url(names.DATABASE)

    def url(self, role: str) -> str:
        return address(self.home, role)

    def broker(self, number: int) -> str:
        return redis_of(self.home, None).url().removesuffix("0") + str(number)

    @contextmanager
    def broker_waits_for_disk(self) -> Iterator[None]:
        """What it has taken would then survive a loss of power; usually it writes once a second."""
        with redis.Redis.from_url(self.broker(0)) as client:
            client.config_set("appendfsync", "always")
            try:
                yield
            finally:
                client.config_set("appendfsync", "everysec")

    def program(self, name: str) -> Program:
        """With the environment that the instance gives it."""
        return next(program for program in programs(self.home) if program.name == name)

    def filesystem(self) -> str:
        """The type of the one that holds the database."""
        data = postgres_of(self.home, unprivileged()).data.resolve()
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
        at = [mount for mount in mounts if data.is_relative_to(mount[0])]
        return max(at, key=lambda mount: len(mount[0]))[1]


@contextmanager
def servers() -> Iterator[Servers]:
    """A fresh instance's, with its schema; PostgreSQL notes the time of every commit."""
    path = new_home()
    try:
        found = Servers(started(path).home)
        _note_commit_times(found.admin_url)
        stop(path)
        with _supervised(found):
            yield found
    finally:
        stop(path)
        shutil.rmtree(path)


def _note_commit_times(admin_url: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as conn:
        conn.execute("ALTER SYSTEM SET track_commit_timestamp = on")


@contextmanager
def _supervised(found: Servers) -> Iterator[None]:
    if found.filesystem() in NO_DISK:
        raise SystemExit(f"{found.home.path} is memory, no disk: set TMPDIR to a folder on a disk")
    wanted = [program for program in programs(found.home) if program.name in SERVERS]
    thread = threading.Thread(target=Supervisor(found.home, wanted).watch)
    thread.start()
    try:
        wait_for_server(found.admin_url, 20)
        yield
    finally:
        (found.home.run / "stop").touch()
        thread.join()
