"""One row a job by RQ. What the jobs import is imported before, as its documentation advises.

python rq_jobs.py Worker        # forks for every job
python rq_jobs.py SimpleWorker  # does not
"""

import sys
from collections.abc import Sequence

import effect
from redis import Redis
from rq import Queue
from rq import worker as workers

queue = Queue(connection=Redis.from_url(effect.BROKER))
KEEP_NO_RESULT = 0  # seconds


def row(number: int, sent_at: float) -> None:
    effect.insert(number, sent_at)


def enqueue(number: int, sent_at: float) -> None:
    queue.enqueue("rq_jobs.row", number, sent_at, result_ttl=KEEP_NO_RESULT)


def enqueue_many(numbers: Sequence[int]) -> None:
    """One pipeline for all of them."""
    queue.enqueue_many(
        [
            Queue.prepare_data("rq_jobs.row", (number, 0.0), result_ttl=KEEP_NO_RESULT)
            for number in numbers
        ]
    )


def main() -> None:
    worker = getattr(workers, sys.argv[1])([queue], connection=queue.connection)
    worker.log_job_description = False
    worker.work(logging_level="WARNING")


if __name__ == "__main__":
    main()
