"""One row a job by Celery, acknowledged late.

celery -A celery_jobs worker --pool prefork --concurrency 2 --prefetch-multiplier N
"""

from collections.abc import Sequence

import effect
from celery import Celery

app = Celery("bench", broker=effect.BROKER)
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    worker_disable_rate_limits=True,
    worker_hijack_root_logger=False,
)


@app.task
def row(number: int, sent_at: float) -> None:
    effect.insert(number, sent_at)


def enqueue(number: int, sent_at: float) -> None:
    row.delay(number, sent_at)


def enqueue_many(numbers: Sequence[int]) -> None:
    """Over one producer: what there is, since a group sends its tasks one by one, too."""
    with app.producer_pool.acquire(block=True) as producer:
        for number in numbers:
            row.apply_async((number, 0.0), producer=producer)
