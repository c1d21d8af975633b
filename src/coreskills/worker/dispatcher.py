"""Everything that must happen by itself: publish, reap, fire schedules, notice an emptied Redis.

Runs in a thread of every worker process; an advisory lock of PostgreSQL lets one of them act. If
that one dies, its connection closes, and the next one leads.
"""

import secrets
import threading
import time
from collections.abc import Callable

import structlog

from coreskills.broker.streams import Queue
from coreskills.errors import AppError, Unavailable
from coreskills.failpoints import reach
from coreskills.store import audit, leases, seals
from coreskills.store.db import Connection, Database
from coreskills.telemetry import work

log = structlog.get_logger("dispatcher")
TICK = 0.1
GRACE = 0.15  # what the API accepts it publishes by itself within this time
SILENCE = 3.0  # seconds without a word: the leader is paused, and nobody would lead
EVERY = {"reap": 1.0, "schedules": 1.0, "epoch": 1.0, "seal": 1.0}
SEALED_AT_ONCE = 2000  # rows of the trail; more in the next tick


class Dispatcher:
    """`amnesty`: so many seconds may workers renew their leases, before any is taken for dead, when
    PostgreSQL was away or this computer slept. Then all leases are over, and nobody crashed."""

    def __init__(
        self,
        db: Database,
        queue: Queue,
        *,
        amnesty: float = 0.0,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._db = db
        self._queue = queue
        self._amnesty = amnesty
        self._reap_from = 0.0
        self._wall_clock = wall_clock
        self._ticked_at = wall_clock()
        self._due = dict.fromkeys(EVERY, 0.0)
        self._redis_was_there = True

    def run(self, stop: threading.Event) -> None:
        """Lead when nobody does; come back after every failure."""
        while not stop.is_set():
            try:
                with self._db.reading() as conn:
                    self._lead(conn, stop)
            except Unavailable as exc:
                log.warning("waiting", reason=exc.message)
            stop.wait(1.0)

    def _lead(self, conn: Connection, stop: threading.Event) -> None:
        """The lock is this connection's: as long as it lives, nobody else leads."""
        if not leases.try_lead(conn):
            if leases.depose_leader(conn, SILENCE):
                log.warning("leader_deposed", silent_seconds=SILENCE)
            return
        log.info("leading")
        work.leader.set(1)
        self._pardon()  # our predecessor's connection may have ended with all others
        try:
            while not stop.wait(TICK):
                self.tick(conn)
        finally:
            work.leader.set(0)
            leases.stop_leading(conn)  # or the lock would live on in the pool, with nobody leading

    def tick(self, conn: Connection) -> None:
        now = self._wall_clock()  # the other one stands still while a computer sleeps
        if now > self._ticked_at + SILENCE:
            self._pardon()
        self._ticked_at = now
        if self._is_due("reap") and time.monotonic() >= self._reap_from:
            self._reap(conn)
        if self._is_due("schedules"):
            with conn.transaction():
                if leases.fire_schedules(conn):
                    reach("schedule.before_commit")
        if self._is_due("seal"):
            self._seal()
        try:
            self._tend_redis(conn)
        except Unavailable as exc:
            self._redis(there=False, why=exc.message)

    def _tend_redis(self, conn: Connection) -> None:
        """While it is gone it is only asked for its epoch: a relay that waits for an answer would
        keep rows locked that the workers poll."""
        if self._is_due("epoch"):
            self._compare_epoch(conn)
            self._redis(there=True)
        if self._redis_was_there:
            self._relay(conn)

    def _relay(self, conn: Connection) -> None:
        with conn.transaction():
            ids = leases.lock_unpublished(conn, GRACE)
            if ids:
                reach("relay.before_publish")
                self._queue.publish(ids)
                reach("relay.after_publish")
                leases.mark_published(conn, ids)
        if ids:
            reach("relay.after_commit")

    def _compare_epoch(self, conn: Connection) -> None:
        known = leases.select_epoch(conn)
        if known and self._queue.epoch() == known:
            return
        epoch = secrets.token_hex(8)
        with conn.transaction():
            leases.update_epoch(conn, epoch)
            again = leases.unpublish_all(conn)
            self._queue.start_epoch(epoch)
            reach("epoch.before_commit")
        log.warning("redis_was_emptied", published_again=again)

    def _reap(self, conn: Connection) -> None:
        with conn.transaction():
            reaped = leases.reap_jobs(conn)
            for job in reaped:
                log.warning("job_reaped", job_id=job["id"], status=job["status"])
                if job["status"] == "dead":
                    audit.insert_audit(
                        conn,
                        audit.Entry(
                            action=f"{job['job_type']}.died",
                            actor=job["requested_by"],
                            resource_type="job",
                            resource_id=job["id"],
                            job_id=job["id"],
                            status="failure",
                        ),
                    )
            if reaped:
                reach("reaper.before_commit")
        for job in reaped:
            work.crashed(job["job_type"], dead=job["status"] == "dead", code=job["error_code"])

    def _seal(self) -> None:
        """A trail that cannot be sealed now stops nothing else; it is told as unsealed."""
        try:
            with self._db.transaction() as conn:
                sealed = seals.seal_rows(conn, most=SEALED_AT_ONCE)
        except AppError as exc:
            log.warning("trail_not_sealed", code=exc.code)
            return
        if sealed == SEALED_AT_ONCE:
            self._due["seal"] = 0.0

    def _pardon(self) -> None:
        self._reap_from = time.monotonic() + self._amnesty

    def _is_due(self, what: str) -> bool:
        now = time.monotonic()
        if now < self._due[what]:
            return False
        self._due[what] = now + EVERY[what]
        return True

    def _redis(self, *, there: bool, why: str = "") -> None:
        if there != self._redis_was_there:
            log.warning("redis_is_back" if there else "redis_is_gone", why=why)
        self._redis_was_there = there
