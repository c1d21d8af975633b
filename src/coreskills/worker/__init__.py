"""Runs jobs. Delivered at least once; the effect in PostgreSQL happens exactly once, because it
is written in one transaction with the job's end, under the fence of its attempt."""
