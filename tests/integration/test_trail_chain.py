"""Whoever changes one row of the trail is found out, and the row is named."""

import random

import pytest

from tests.conftest import Site
from tests.pipeline import ask
from tests.trail import fill, mighty, seal, verified

ROWS = 120
TAMPERINGS = 1000
SEED = 20261126
KEEP = "CREATE TABLE kept AS SELECT * FROM audit_logs"
RESTORE = (
    "DELETE FROM audit_logs; INSERT INTO audit_logs OVERRIDING SYSTEM VALUE SELECT * FROM kept"
)
# One column of one row; each changes it, whatever it was.
CHANGES = [
    "action = action || ' '",
    "action = upper(action)",
    "actor = 'admin:mallory'",
    "resource_type = resource_type || 's'",
    "resource_id = coalesce(resource_id + 1, 0)",
    "resource_id = CASE WHEN resource_id IS NULL THEN 1 END",
    "user_id = coalesce(user_id + 1, 7)",
    "job_id = coalesce(job_id + 1, 0)",
    "job_id = CASE WHEN job_id IS NULL THEN 0 END",
    "request_id = CASE WHEN request_id IS NULL THEN '' WHEN request_id = '' THEN NULL"
    " ELSE request_id || '.' END",
    "request_id = CASE request_id WHEN 'null' THEN NULL ELSE coalesce(request_id, '') || 'x' END",
    """details = details || '{"more": 1}'""",
    """details = CASE details WHEN '{"redacted": true}' THEN '{}' ELSE '{"redacted": true}'::jsonb END""",
    """details = '[]'""",
    """details = jsonb_build_object('was', details)""",
    "status = CASE status WHEN 'success' THEN 'failure' ELSE 'success' END",
    "created_at = created_at + interval '1 microsecond'",
    "created_at = 'infinity'",
    "created_at = created_at - interval '4000 years'",
]


@pytest.fixture
def trail(db, worker_db, site):
    fill(db, ROWS)
    seal(worker_db)
    with mighty(site) as conn:
        conn.execute(KEEP)


def found(worker_db, settings):
    return {
        (fault["audit_id"], fault["fault"])
        for fault in verified(worker_db, settings)["Faults"]
        if fault["fault"] != "seal_missing"
    }


def tampering(chance: random.Random, ids: list[int], gaps: list[int]):
    """(statement, what must be found)."""
    one, other = sorted(chance.sample(ids, 2))
    gap = chance.choice(gaps)
    kind = chance.choice(["change"] * 5 + ["delete", "insert", "swap", "renumber", "newest"])
    if kind == "change":
        change = chance.choice(CHANGES)
        return f"UPDATE audit_logs SET {change} WHERE id = {one}", {(one, "changed")}
    if kind == "delete":
        return f"DELETE FROM audit_logs WHERE id = {one}", {(one, "missing")}
    if kind == "newest":
        return f"DELETE FROM audit_logs WHERE id >= {ids[-1]}", {(ids[-1], "missing")}
    if kind == "insert":
        return copied(f"{gap}", f"{one}"), {(gap, "inserted")}
    if kind == "renumber":
        statement = f"DELETE FROM audit_logs WHERE id = {one}; " + copied(f"{gap}", f"{one}")
        return statement, {(one, "missing"), (gap, "inserted")}
    both = f"{one}, {other}"
    statement = f"DELETE FROM audit_logs WHERE id IN ({both}); " + copied(f"{one} + {other} - id", both)
    return statement, {(one, "exchanged"), (other, "exchanged")}


def copied(number: str, rows: str) -> str:
    """These rows once more, under another number."""
    return (
        f"INSERT INTO audit_logs OVERRIDING SYSTEM VALUE SELECT {number}, action, actor,"
        " resource_type, resource_id, user_id, job_id, request_id, details, status, created_at"
        f" FROM kept WHERE id IN ({rows})"
    )


def test_a_thousand_tamperings_of_one_row_are_each_located(trail, worker_db, settings, site: Site):
    ids = [id for (id,) in ask(site, "SELECT id FROM audit_logs ORDER BY id")]
    gaps = sorted(set(range(-5, ids[-1])) - set(ids))
    chance = random.Random(SEED)
    assert verified(worker_db, settings)["Intact"]
    with mighty(site) as conn:
        for n in range(TAMPERINGS):
            statement, expected = tampering(chance, ids, gaps)
            conn.execute(statement)
            assert found(worker_db, settings) == expected, (n, statement)
            conn.execute(RESTORE)
    assert verified(worker_db, settings)["Intact"]
