"""The work of one job, the same for every system: one row, committed before the job counts as done.

`DATABASE_URL` and `BROKER_URL` say where.
"""

import os
import threading

import psycopg

INSERT = "INSERT INTO bench_rows (number, sent_at) VALUES (%s, %s)"
BROKER = os.environ.get("BROKER_URL", "")

_own = threading.local()


def connect() -> psycopg.Connection:
    """Each statement commits by itself: one round trip a row, the cheapest durable insert."""
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


def insert(number: int, sent_at: float) -> None:
    """Over one connection per process and thread, which costs less than a pool."""
    if not hasattr(_own, "conn"):
        _own.conn = connect()
    _own.conn.execute(INSERT, (number, sent_at))
