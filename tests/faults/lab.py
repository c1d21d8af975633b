"""A whole instance as processes that may be broken one by one.

    with Lab(folder, workers=2, proxied=True) as lab:
        lab.arm("worker.after_claim", "kill")
        job = lab.caller.post("/api/v1/students", student, key="k1").json()["job_id"]
        lab.wait_hit("worker.after_claim")
        lab.workers[0].start()
        lab.settle()

Nobody restarts what a test has killed: that is the test's own business.
"""

import os
import secrets
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from coreskills.actions.operators import bootstrap_operator
from coreskills.actions.tokens import new_token
from coreskills.config import Settings
from coreskills.stack.programs import API_THREADS, api_command
from coreskills.store import roles
from coreskills.store.db import Database
from coreskills.worker import process
from tests.faults.caller import Caller, NoAnswer
from tests.faults.programs import until
from tests.faults.proxy import Proxy
from tests.faults.servers import PostgresServer, RedisServer
from tests.faults.services import Api, Links, WorkerProcess
from tests.ports import free_port

LEASE_SECONDS = 2.0
OPEN_JOBS = "SELECT count(*) FROM jobs WHERE status IN ('queued', 'running')"


class Lab:
    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 2,
        api_processes: int = 1,
        proxied: bool = False,
        lease_seconds: float = LEASE_SECONDS,
        connections: int = 60,
        renewal: float = 3.5,
        **settings: object,
    ) -> None:
        """`connections`: as many as PostgreSQL takes. `renewal`: so many seconds after a SIGHUP an
        old process of the API is ended. `settings` are fields of coreskills.config.Settings, for
        every process. `folder` must be reachable by the account that the servers run under."""
        self.folder = folder
        self.failpoints = folder / "failpoints"
        self.token = new_token()
        self._proxied = proxied
        self._how_many = workers
        self._api_processes = api_processes
        self._renewal = renewal
        self._settings = {
            "lease_seconds": lease_seconds,
            "writes_per_minute": 1_000_000,
            **settings,
        }
        password = secrets.token_hex(12)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)
        self.failpoints.mkdir(exist_ok=True)
        self.postgres = PostgresServer(
            folder / "postgres",
            password,
            folder / "postgres.log",
            max_connections=str(connections),
        )
        self.redis = RedisServer(folder / "redis", password, folder / "redis.log")
        self.workers: list[WorkerProcess] = []
        self._numbers = count(1)
        self.proxies: list[Proxy] = []
        self.api = self._api()

    def __enter__(self) -> "Lab":
        try:
            self.start()
        except BaseException:  # Ctrl-C, too: no process stays
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        self.postgres.create()
        self.redis.create()
        self._first_operator()
        self.ask("UPDATE schedules SET enabled = false")  # a test that wants one makes it
        for proxy in self.proxies:
            proxy.start()
        for _ in range(self._how_many):
            self.add_worker()
        self.api.start()
        self.caller = Caller(self.api.port, self.token)

    def close(self) -> None:
        """Whatever runs, also what is paused, is killed."""
        if hasattr(self, "caller"):
            self.caller.close()
        for program in (*self.workers, self.api, self.redis, self.postgres):
            if program.alive:
                program.kill()
        self.postgres.end_orphans()
        for proxy in self.proxies:
            proxy.close()

    def mend(self) -> None:
        """Every network passes, and every program runs."""
        for proxy in self.proxies:
            proxy.heal()
        for program in (self.postgres, self.redis, *self.workers, self.api):
            program.resume()
            if not program.alive:
                program.start()

    def add_worker(
        self,
        act: Callable[[], None] = process.main,
        *,
        proxied: bool | None = None,
        **settings: object,
    ) -> WorkerProcess:
        """One more, with its own proxies if `proxied`, or else if the laboratory is. `act` is what
        it runs."""
        links = self._links(self._proxied if proxied is None else proxied)
        for proxy in links.each():
            proxy.start()
        name = f"worker-{next(self._numbers)}"  # its log tells of it alone
        environment = self._environment(roles.WORKER, links, settings)
        worker = WorkerProcess(links, name, self.folder / f"{name}.log", act, environment)
        self.workers.append(worker)
        worker.start()
        return worker

    def another_api(self, *, threads: int, **settings: object) -> Api:
        """To be started and killed by the test, with its own proxies in a proxied laboratory."""
        made = self._api("another-api", threads=threads, **settings)
        for proxy in made.links.each():
            proxy.start()
        return made

    def accept(self, path: str, body: dict[str, Any], key: str | None = None) -> int:
        """Ask until it is accepted, always under one Idempotency-Key; returns the job's id."""
        key = key or secrets.token_hex(8)

        def asked() -> int | None:
            try:
                answer = self.caller.post(path, body, key)
            except NoAnswer:
                return None
            assert answer.status in (202, 503), answer.body
            return int(answer.json()["job_id"]) if answer.status == 202 else None

        return int(until(asked, 30, every=0.1))

    def database(self, role: str = roles.API, **settings: Any) -> Database:
        """A direct connection for the test itself; to be closed by it."""
        own = replace(Settings(), database_url=self.postgres.url(role), **settings)
        return Database(own, smallest=1, largest=4)

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """As PostgreSQL's administrator, past every proxy."""
        return self.postgres.ask(statement, *values)

    def job(self, id: int) -> dict[str, Any]:
        columns = "status", "result", "attempt", "error_count", "crash_count", "error_code"
        rows = self.ask(f"SELECT {', '.join(columns)} FROM jobs WHERE id = %s", id)
        assert rows, f"there is no job {id}"
        return dict(zip(columns, rows[0], strict=True))

    def queue(self, kind: str, deadline: int = 60) -> int:
        """Past the API, which knows the kinds that it may take."""
        insert = (
            "INSERT INTO jobs (job_type, parameters, deadline_seconds, requested_by)"
            " VALUES (%s, '{}', %s, 'lab') RETURNING id"
        )
        ((id,),) = self.ask(insert, kind, deadline)
        return int(id)

    def attempts(self, id: int) -> list[str]:
        rows = self.ask("SELECT outcome FROM job_attempts WHERE job_id = %s ORDER BY attempt", id)
        return [outcome for (outcome,) in rows]

    def make_due(self) -> None:
        """Nobody waits for a backoff in a test."""
        self.ask("UPDATE jobs SET run_at = now() - interval '1 s' WHERE status = 'queued'")

    def trail(self, id: int) -> list[str]:
        rows = self.ask("SELECT action FROM audit_logs WHERE job_id = %s ORDER BY id", id)
        return [action for (action,) in rows]

    def settle(self, seconds: float = 60) -> None:
        """Until no job waits or runs."""
        until(lambda: self.ask(OPEN_JOBS) == [(0,)], seconds, every=0.1)

    def wait_status(self, id: int, status: str, seconds: float = 30) -> dict[str, Any]:
        until(lambda: self.job(id)["status"] == status, seconds, every=0.05)
        return self.job(id)

    def arm(self, point: str, action: str = "kill", *, job: int | None = None) -> None:
        """The next process that comes by does it: kill, stop or fail; "kill always" each one."""
        partial = self.failpoints / f".{point}"
        partial.write_text(action, encoding="utf-8")
        partial.rename(self._file(point, job))

    def disarm(self, point: str, *, job: int | None = None) -> None:
        self._file(point, job).unlink(missing_ok=True)
        self._hit(point, job).unlink(missing_ok=True)

    def hit(self, point: str, *, job: int | None = None) -> bool:
        """Whether a process came by since it was armed. Never true of "always"."""
        return self._hit(point, job).exists()

    def wait_hit(self, point: str, seconds: float = 20, *, job: int | None = None) -> None:
        """Forgets it then, so that it may be armed again."""
        until(lambda: self.hit(point, job=job), seconds)
        self._hit(point, job).unlink()

    def _file(self, point: str, job: int | None) -> Path:
        return self.failpoints / (point if job is None else f"{point}@{job}")

    def _hit(self, point: str, job: int | None) -> Path:
        file = self._file(point, job)
        return file.with_name(f"{file.name}.hit")

    def _links(self, proxied: bool) -> Links:
        if not proxied:
            return Links()
        links = Links(Proxy(self.postgres.port), Proxy(self.redis.port))
        self.proxies += links.each()
        return links

    def _api(self, name: str = "api", *, threads: int = API_THREADS, **settings: object) -> Api:
        port, links = free_port(), self._links(self._proxied)
        metrics = self.folder / f"{name}-metrics"
        metrics.mkdir(exist_ok=True)
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        more = {"jwt_key": pem, "metrics_dir": metrics, "api_processes": self._api_processes}
        more["api_threads"] = threads
        more |= settings
        environment = self._environment(roles.API, links, more)
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
        command = api_command(port, self._api_processes, threads)
        command[-1:-1] = ["--respawn-interval", str(self._renewal)]
        log = self.folder / f"{name}.log"
        return Api(port, links, name, log, lambda: command, environment)

    def _environment(self, role: str, links: Links, more: dict[str, Any]) -> dict[str, str]:
        kept = ("PATH", "LANG", "PYTHONPATH", "TMPDIR")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        settings = {
            "database_url": self.postgres.url(role, links.postgres and links.postgres.port),
            "redis_url": self.redis.url(links.redis and links.redis.port),
            "failpoints": self.failpoints,
            **self._settings,
            **more,
        }
        return environment | {
            f"CORESKILLS_{name.upper()}": str(value) for name, value in settings.items()
        }

    def _first_operator(self) -> None:
        database = self.database()
        try:
            bootstrap_operator(database, "grace", "admin", secrets.token_hex(8), self.token)
        finally:
            database.close()
