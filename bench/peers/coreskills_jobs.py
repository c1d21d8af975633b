"""Ours: the worker process of the product, which knows one kind of job more.

python coreskills_jobs.py

The job is claimed, its row, its line of the trail, its result and its end are committed together.
"""

from collections.abc import Sequence

import effect

from coreskills import config
from coreskills.actions import jobs
from coreskills.actions.jobs import Work
from coreskills.actions.request import Request
from coreskills.broker import streams
from coreskills.domain.access import Principal
from coreskills.store import audit
from coreskills.store.db import Connection, Database
from coreskills.worker import process
from coreskills.worker.context import Context, Outcome
from coreskills.worker.handlers import HANDLERS

BENCH = Request(Principal("bench", "service"))


def bench_row(context: Context) -> Outcome:
    number = context.job.parameters["number"]

    def write(conn: Connection) -> None:
        conn.execute(effect.INSERT, (number, context.job.parameters["sent_at"]))
        told = {"number": number}
        audit.insert_audit(conn, context.entry("bench.row_written", "bench_row", details=told))

    return Outcome({"Number": number}, write)


class Client:
    """The way of a request through the API, without HTTP."""

    def __init__(self) -> None:
        settings = config.load()
        self._db = Database(settings, smallest=1, largest=2)
        self._queue = streams.connect(settings.redis_url)

    def enqueue(self, number: int, sent_at: float) -> None:
        jobs.submit(self._db, self._queue, BENCH, _row(number, sent_at))

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        works = [_row(number, 0.0) for number in numbers]
        jobs.submit_many(self._db, self._queue, BENCH, works)

    def enqueue_students(self, numbers: Sequence[int]) -> None:
        """The real kind of job, for comparison."""
        works = [_student(number) for number in numbers]
        jobs.submit_many(self._db, self._queue, BENCH, works)


def _row(number: int, sent_at: float) -> Work:
    return Work("bench_row", {"number": number, "sent_at": sent_at})


def _student(number: int) -> Work:
    person = {
        "student_id": f"S9{number:06}",
        "first_name": "Ada",
        "last_name": "".join(chr(ord("a") + int(digit)) for digit in str(number)).title(),
        "grade_level": 9 + number % 4,
        "graduation_year": 2030 - number % 4,
    }
    return Work("create_student", person)


def main() -> None:
    process.main(HANDLERS | {"bench_row": bench_row})


if __name__ == "__main__":
    main()
