"""One row a job by Dramatiq, which acknowledges after the work.

dramatiq dramatiq_jobs --processes 2 --threads 8
"""

from collections.abc import Sequence

import dramatiq
import effect
from dramatiq.brokers.redis import RedisBroker

broker = RedisBroker(url=effect.BROKER)
dramatiq.set_broker(broker)


@dramatiq.actor
def row(number: int, sent_at: float) -> None:
    effect.insert(number, sent_at)


def enqueue(number: int, sent_at: float) -> None:
    row.send(number, sent_at)


def enqueue_many(numbers: Sequence[int]) -> None:
    """One by one: it has no call for many (a group sends them one by one, too)."""
    for number in numbers:
        broker.enqueue(row.message(number, 0.0))
