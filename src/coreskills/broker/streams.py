"""The queue: a stream of job ids, read by one consumer group.

Keys
  coreskills:jobs   stream; an entry has one field, `id`. Entries go when they are acknowledged.
  coreskills:epoch  string; written when this Redis was first filled. Missing or different means
                    that Redis was emptied, and that everything waiting must be published again.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from coreskills.errors import Unavailable

STREAM = "coreskills:jobs"
GROUP = "workers"
EPOCH = "coreskills:epoch"
PAUSE_SECONDS = 1.0
ANSWER_WITHIN = 0.4  # seconds; less than api/admission.py waits: a frozen Redis refuses nobody
LONGEST_WAIT = 1.0  # seconds in XREADGROUP; a frozen Redis is noticed soon after
ABANDONED_MS = 10_000  # read but not acknowledged for so long: its reader is gone


@dataclass(frozen=True, slots=True)
class Entry:
    entry_id: str
    job_id: int


class Queue(Protocol):
    """Every method raises Unavailable when Redis does not answer; all callers can do without."""

    def publish(self, job_ids: Sequence[int]) -> None: ...

    def read(self, consumer: str, wait_seconds: float, limit: int = 1) -> list[Entry]:
        """The next entries, as many as there are; none after `wait_seconds` without one."""

    def read_abandoned(self, consumer: str, limit: int = 1) -> list[Entry]: ...

    def acknowledge(self, entries: Sequence[Entry]) -> None: ...

    def leave(self, consumer: str) -> None:
        """Forget a consumer that stops; what it had read is found by read_abandoned."""

    def epoch(self) -> str | None: ...

    def start_epoch(self, epoch: str) -> None: ...

    def ping(self) -> dict[str, Any]:
        """Version, memory and backlog."""

    def info(self) -> tuple[dict[str, Any], int]:
        """What Redis says of itself, and how many entries wait."""


class RedisQueue:
    def __init__(self, url: str, *, answer_within: float = ANSWER_WITHIN) -> None:
        def client(timeout: float) -> redis.Redis:
            return redis.Redis.from_url(
                url,
                decode_responses=True,
                socket_connect_timeout=answer_within,
                socket_timeout=timeout,
                retry=Retry(NoBackoff(), 0),  # we know better what to do meanwhile
            )

        self._refuse_until = 0.0
        self._client = client(answer_within)
        self._reader = client(LONGEST_WAIT + answer_within)

    def publish(self, job_ids: Sequence[int]) -> None:
        """After a failure, refuses at once for a while: no request waits for a dead Redis twice."""
        if time.monotonic() < self._refuse_until:
            raise Unavailable("Redis did not answer a moment ago")
        try:
            with _translated():
                self._add(job_ids)
        except Unavailable:
            self._refuse_until = time.monotonic() + PAUSE_SECONDS
            raise

    def _add(self, job_ids: Sequence[int]) -> None:
        if len(job_ids) == 1:  # the usual case, and a pipeline costs as much again
            self._client.xadd(STREAM, {"id": job_ids[0]})
            return
        with self._client.pipeline(transaction=False) as pipe:
            for job_id in job_ids:
                pipe.xadd(STREAM, {"id": job_id})
            pipe.execute()

    def read(self, consumer: str, wait_seconds: float, limit: int = 1) -> list[Entry]:
        with self._healed():
            block = max(1, int(wait_seconds * 1000))
            answer: Any = self._reader.xreadgroup(
                GROUP, consumer, {STREAM: ">"}, count=limit, block=block
            )
            if not answer:
                return []
            streams = answer.values() if isinstance(answer, dict) else [answer[0][1]]
            return _entries(next(iter(streams)))
        return []

    def read_abandoned(self, consumer: str, limit: int = 1) -> list[Entry]:
        with self._healed():
            answer: Any = self._client.xautoclaim(
                STREAM, GROUP, consumer, min_idle_time=ABANDONED_MS, count=limit
            )
            return _entries(answer[1])
        return []

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        ids = [entry.entry_id for entry in entries]
        with _translated(), self._client.pipeline(transaction=True) as pipe:
            pipe.xack(STREAM, GROUP, *ids)
            pipe.xdel(STREAM, *ids)
            pipe.execute()

    def leave(self, consumer: str) -> None:
        """A consumer with unacknowledged entries stays, or they would be forgotten with it."""
        with self._healed():
            waiting: Any = self._client.xpending_range(STREAM, GROUP, "-", "+", 1, consumer)
            if not waiting:
                self._client.xgroup_delconsumer(STREAM, GROUP, consumer)

    def epoch(self) -> str | None:
        with _translated():
            found: Any = self._client.get(EPOCH)
        return str(found) if found else None

    def start_epoch(self, epoch: str) -> None:
        with _translated():
            self._create_group()
            self._client.set(EPOCH, epoch)

    def info(self) -> tuple[dict[str, Any], int]:
        with _translated():
            info: Any = self._client.info()
            waiting: Any = self._client.xlen(STREAM)
        return info, waiting

    def ping(self) -> dict[str, Any]:
        info, waiting = self.info()
        return {
            "version": info.get("valkey_version") or info["redis_version"],
            "used_memory_bytes": info["used_memory"],
            "waiting": waiting,
        }

    def close(self) -> None:
        self._client.close()
        self._reader.close()

    @contextmanager
    def _healed(self) -> Iterator[None]:
        """The group is gone, and with it what was in the stream: whoever notices first creates it
        again and ends the epoch, so that the dispatcher publishes everything once more."""
        with _translated():
            try:
                yield
            except redis.ResponseError as exc:
                if not str(exc).startswith("NOGROUP"):
                    raise
                self._create_group()
                self._client.delete(EPOCH)

    def _create_group(self) -> None:
        try:
            self._client.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except redis.ResponseError as exc:
            if not str(exc).startswith("BUSYGROUP"):
                raise


class NoQueue:
    """There is no Redis: nothing is published, workers poll PostgreSQL."""

    def _absent(self) -> Unavailable:
        return Unavailable("This instance runs without Redis; workers poll PostgreSQL")

    def publish(self, job_ids: Sequence[int]) -> None:
        raise self._absent()

    def read(self, consumer: str, wait_seconds: float, limit: int = 1) -> list[Entry]:
        raise self._absent()

    def read_abandoned(self, consumer: str, limit: int = 1) -> list[Entry]:
        raise self._absent()

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        raise self._absent()

    def leave(self, consumer: str) -> None:
        raise self._absent()

    def epoch(self) -> str | None:
        raise self._absent()

    def start_epoch(self, epoch: str) -> None:
        raise self._absent()

    def ping(self) -> dict[str, Any]:
        raise self._absent()

    def info(self) -> tuple[dict[str, Any], int]:
        raise self._absent()


def connect(url: str) -> Queue:
    """Does not wait for Redis to be there. An empty url: there is none."""
    return RedisQueue(url) if url else NoQueue()


def _entries(found: Any) -> list[Entry]:
    return [_entry(entry_id, fields) for entry_id, fields in found]


def _entry(entry_id: str, fields: dict[str, str] | None) -> Entry:
    """One that is not ours gets a number that no job has, and is thereby acknowledged away."""
    text = str((fields or {}).get("id", ""))
    return Entry(entry_id, int(text) if text.isdigit() and len(text) < 19 else 0)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as exc:
        if isinstance(exc, redis.ResponseError) and str(exc).startswith("NOGROUP"):
            raise
        raise Unavailable(f"Redis does not answer: {exc}") from exc
