from typing import Any

from coreskills.broker.streams import NoQueue, Queue
from coreskills.health.probe import CannotTell, Finding, Probe

FIX = "coreskills logs redis, then coreskills start (until then workers poll PostgreSQL)"
ANSWERS = "redis.answers"
NEEDS = (ANSWERS,)


def probes(queue: Queue) -> list[Probe]:
    return [
        Probe(ANSWERS, "Redis answers", lambda: answers(queue), FIX),
        Probe("redis.memory", "Redis has room", lambda: memory(queue), FIX, NEEDS),
        Probe("redis.epoch", "The queue in Redis is ours", lambda: epoch(queue), FIX, NEEDS),
    ]


def answers(queue: Queue) -> Finding:
    info = _ping(queue)
    return Finding(f"version {info['version']}, {info['waiting']} entries waiting")


def memory(queue: Queue) -> Finding:
    used = _ping(queue)["used_memory_bytes"] / 2**20
    if used > 200:
        return Finding(f"{used:.1f} MiB", "the queue is far too long", "coreskills jobs list")
    return Finding(f"{used:.1f} MiB used, below 200")


def epoch(queue: Queue) -> Finding:
    _ping(queue)
    found = queue.epoch()
    if not found:
        return Finding("none", "Redis was emptied and no worker has healed it yet", FIX)
    return Finding(found)


def _ping(queue: Queue) -> dict[str, Any]:
    if isinstance(queue, NoQueue):
        raise CannotTell("this instance runs without Redis; workers poll PostgreSQL")
    return queue.ping()
