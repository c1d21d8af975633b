"""Systems that run jobs: how each is started, filled, and seen to have done its work."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import redis

from harness.peers import FOLDER
from harness.servers import Servers

PATIENCE = 120.0  # seconds without a further row: then it is stuck
ROWS = "SELECT number, sent_at, pg_xact_commit_timestamp(xmin) AS at FROM bench_rows"
STUDENTS = """
SELECT id, 0 AS sent_at, pg_xact_commit_timestamp(xmin) AS at FROM jobs
 WHERE job_type = 'create_student' AND status = 'completed' AND requested_by = 'service:bench'
"""
_TABLE = """
CREATE TABLE bench_rows (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number  integer NOT NULL,
    sent_at double precision NOT NULL);
GRANT INSERT ON bench_rows TO coreskills_worker
"""


@dataclass(frozen=True)
class System:
    """`share`: of the backlog, so that a slow one does not take minutes. `broker`: its database."""

    name: str
    kind: str
    module: str
    broker: int
    share: float
    workers: tuple[tuple[str, ...], ...]

    @property
    def is_ours(self) -> bool:
        return self.broker == 0


def _celery(prefetch: int) -> System:
    worker = ["-m", "celery", "-A", "celery_jobs", "worker", "--pool", "prefork"]
    worker += ["--concurrency", "2", "--prefetch-multiplier", str(prefetch)]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    worker += ["--loglevel", "WARNING"]
    name = f"Celery, acks late, prefetch {prefetch}"
    return System(name, "Celery", "celery_jobs", 1, 0.3, (tuple(worker),))


def _rq(kind: str, share: float) -> System:
    worker = ("rq_jobs.py", kind)
    return System(f"RQ, {kind}", "RQ", "rq_jobs", 3, share, (worker, worker))


_OURS = ("coreskills_jobs.py",)
_DRAMATIQ = ("-m", "dramatiq", "dramatiq_jobs", "--processes", "2", "--threads", "8")
OURS = System("CoreSkills", "CoreSkills", "coreskills_jobs", 0, 1.0, (_OURS, _OURS))
PEERS = [
    System("Dramatiq", "Dramatiq", "dramatiq_jobs", 2, 1.0, (_DRAMATIQ,)),
    _celery(1),
    _celery(128),
    _rq("SimpleWorker", 0.1),
    _rq("Worker", 0.02),
]


class Line:
    """One system on the servers: nothing of the others is left when its turn comes."""

    def __init__(self, system: System, target: Servers) -> None:
        self.system = system
        self._target = target
        self._log = target.home.logs / f"bench-{system.module}.log"

    def clean(self) -> None:
        """Every turn begins with an empty table, an empty queue and nothing left to write."""
        with psycopg.connect(self._target.admin_url, autocommit=True) as conn:
            conn.execute("TRUNCATE bench_rows")
            conn.execute("VACUUM ANALYZE")
            conn.execute("CHECKPOINT")
        if not self.system.is_ours:  # ours is empty, and keeps the word that says so
            with redis.Redis.from_url(self._target.broker(self.system.broker)) as client:
                client.flushdb()

    def send(self, verb: str, *numbers: float) -> dict[str, float]:
        command = [sys.executable, "client.py", self.system.module, verb, *map(str, numbers)]
        with self._log.open("ab") as log:
            done = subprocess.run(
                command, cwd=FOLDER, env=self._environment("api"), stdout=-1, stderr=log
            )
        if done.returncode != 0:
            raise SystemExit(f"{self.system.name}: the client failed:\n{self._tail()}")
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found

    @contextmanager
    def workers(self) -> Iterator[list[int]]:
        with self._log.open("ab") as log:
            running = [
                subprocess.Popen(
                    [sys.executable, *arguments],
                    cwd=FOLDER,
                    env=self._environment("worker"),
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
                for arguments in self.system.workers
            ]
        try:
            yield [process.pid for process in running]
        finally:
            _end(running)

    def rows(self, count: int, query: str = ROWS) -> list[tuple[int, float, float]]:
        """Number, sent and committed of each row, in the order of the commits, once all are there.
        A row that is missing or there twice ends the benchmark."""
        with psycopg.connect(self._target.admin_url, autocommit=True) as conn:
            found = self._wait_for(conn, count, query)
        if len({row[0] for row in found}) != count or len(found) != count:
            raise SystemExit(f"{self.system.name}: {len(found)} rows of {count} jobs")
        return sorted(((n, sent, at.timestamp()) for n, sent, at in found), key=lambda row: row[2])

    def _wait_for(self, conn: psycopg.Connection, count: int, query: str) -> list[Any]:
        seen, since = 0, time.monotonic()
        while True:
            row = conn.execute(f"SELECT count(*) FROM ({query}) AS found").fetchone()
            there = row[0] if row else 0
            if there >= count:
                return conn.execute(query).fetchall()
            if there > seen:
                seen, since = there, time.monotonic()
            elif time.monotonic() > since + PATIENCE:
                raise SystemExit(f"{self.system.name}: {there} of {count} jobs:\n{self._tail()}")
            time.sleep(0.2)

    def _environment(self, program: str) -> dict[str, str]:
        """Ours is started as the instance starts it, the peers with the user's environment."""
        ours = self.system.is_ours
        known = self._target.program(program).environment if ours else dict(os.environ)
        return known | {
            "DATABASE_URL": self._target.url("coreskills_worker"),
            "BROKER_URL": self._target.broker(self.system.broker),
        }

    def _tail(self) -> str:
        return "\n".join(Path(self._log).read_text(errors="replace").splitlines()[-20:])


def create_table(target: Servers) -> None:
    with psycopg.connect(target.url("coreskills_owner")) as conn:
        conn.execute(_TABLE)


def _end(running: list[subprocess.Popen[bytes]]) -> None:
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
