"""The queue of the system this one replaces, as a control: can the laboratory see a loss at all?

Its API wrote the job into Redis (SET), appended its id to a list (RPUSH) and answered 202. Its
worker took an id from the list (LPOP), did the work and wrote the result (SET). Nothing was
acknowledged and nothing tried again. The model is kinder than the system was: its work takes 0.1 s
instead of most of a second, and an error does not end its worker.
"""

import json
import os
import secrets
import threading
import time
from pathlib import Path

import psycopg
import redis

from tests.faults.lab import Lab
from tests.faults.programs import Fork
from tests.faults.verdict import Control

QUEUE = "original:queue"
WORK_SECONDS = 0.1
TABLE = "CREATE TABLE original_effects (job_id text NOT NULL, at timestamptz DEFAULT now())"
GRANT = "GRANT INSERT ON original_effects TO coreskills_worker"
COUNTS = "SELECT job_id, count(*) FROM original_effects GROUP BY job_id"


def accept(client: redis.Redis) -> str:
    """What its API does for one request. Raises redis.RedisError, which it answers with 500."""
    job_id = secrets.token_hex(8)
    client.set(f"original:job:{job_id}", json.dumps({"status": "queued"}))
    client.rpush(QUEUE, job_id)
    return job_id


def work() -> None:
    """Its worker process, for ever."""
    client = _connect(os.environ["CORESKILLS_REDIS_URL"])
    conn: psycopg.Connection[tuple[object, ...]] | None = None
    while True:
        try:
            found = client.lpop(QUEUE)
        except redis.RedisError as exc:
            _say(f"Redis: {exc}")
            time.sleep(0.5)
            continue
        if found is None:
            time.sleep(0.05)
            continue
        job_id = str(found)
        try:
            conn = conn or psycopg.connect(
                os.environ["CORESKILLS_DATABASE_URL"], autocommit=True, connect_timeout=3
            )
            time.sleep(WORK_SECONDS)
            conn.execute("INSERT INTO original_effects (job_id) VALUES (%s)", [job_id])
            client.set(f"original:job:{job_id}", json.dumps({"status": "completed"}))
        except (psycopg.Error, redis.RedisError) as exc:
            _say(f"job {job_id} failed: {exc}")
            conn = None


class Original:
    """Its API in a thread of ours, its workers beside ours, behind the same proxies."""

    def __init__(self, lab: Lab, *, rate: float) -> None:
        self.accepted: list[str] = []
        self.workers: list[Fork] = []
        self._lab = lab
        self._rate = rate
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="original", daemon=True)

    def start(self) -> None:
        self._lab.ask(TABLE)
        self._lab.ask(GRANT)
        for number, ours in enumerate(self._lab.workers, 1):
            name = f"original-{number}"
            log = Path(self._lab.folder / f"{name}.log")
            self.workers.append(Fork(name, log, work, dict(ours.environment)))
            self.workers[-1].start()
        self._thread.start()

    def finish(self) -> None:
        """No new requests."""
        self._ending.set()
        self._thread.join()

    def settle(self, seconds: float = 30) -> Control:
        """Wait until its queue is empty; then say what became of what it had accepted."""
        deadline = time.monotonic() + seconds
        with self._lab.redis.client() as client:
            while client.llen(QUEUE) and time.monotonic() < deadline:
                time.sleep(0.2)
        time.sleep(1.0)
        effects = dict(self._lab.ask(COUNTS))
        lost = sum(1 for job_id in self.accepted if job_id not in effects)
        return Control(len(self.accepted), lost, sum(1 for n in effects.values() if n > 1))

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()

    def _serve(self) -> None:
        link = self._lab.api.links.redis
        client = _connect(self._lab.redis.url(link and link.port))
        while not self._ending.wait(1 / self._rate):
            try:
                self.accepted.append(accept(client))
            except redis.RedisError:
                continue  # answered with 500: nothing was promised
        client.close()


def _connect(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, decode_responses=True, socket_timeout=2, socket_keepalive=True)


def _say(text: str) -> None:
    os.write(2, f"{text}\n".encode())
