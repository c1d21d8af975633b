"""Whoever changes one row of the trail is found out, and the row is named."""

import random

import psycopg
import pytest

from coreskills.store import roles, seals
from coreskills.worker.dispatcher import Dispatcher
from tests.conftest import Site
from tests.pipeline import ask
from tests.trail import fill, mighty, running_writers, seal, verified, write

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
    """details = '{"redacted": true}'""",
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
    statement = f"DELETE FROM audit_logs WHERE id IN ({both}); " + copied(
        f"{one} + {other} - id", both
    )
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


def test_a_row_that_commits_late_under_an_older_number_is_sealed_all_the_same(
    db, worker_db, settings
):
    """While it is open, later rows are sealed; the end of the chain does not run past it."""
    with db.transaction() as late:
        write(late, "late")
        fill(db, 5)
        seal(worker_db)
        assert verified(worker_db, settings)["Sealed"] == 4
    seal(worker_db)
    told = verified(worker_db, settings)
    assert (told["Intact"], told["Sealed"], told["Unsealed"]) == (True, 5, 0)


def test_a_row_that_is_written_while_the_ceiling_is_read_is_never_left_behind(
    db, worker_db, settings, site
):
    """Eight writers, some slow, some of which give up; a sealer that waits for none of them."""
    with running_writers(db, 8) as stop:
        for _ in range(400):
            with worker_db.transaction() as conn:
                seals.seal_rows(conn, most=7)
        stop.set()
    while True:
        with worker_db.transaction() as conn:
            if not seals.seal_rows(conn, most=100):
                break
    seal(worker_db)
    told = verified(worker_db, settings)
    ((rows,),) = ask(site, "SELECT count(*) FROM audit_logs")
    assert (told["Intact"], told["Sealed"], told["Unsealed"]) == (True, rows, 0)
    assert rows > 100


def test_what_is_not_sealed_yet_is_told_as_such_and_is_no_fault(db, worker_db, settings):
    fill(db, 3)
    told = verified(worker_db, settings)
    assert (told["Intact"], told["Sealed"], told["Unsealed"]) == (True, 0, 3)


def test_the_leading_dispatcher_seals(db, worker_db, settings, queue):
    fill(db, 3)
    for _ in range(2):
        with worker_db.reading() as conn:
            Dispatcher(worker_db, queue).tick(conn)
    assert verified(worker_db, settings)["Sealed"] == 3


def test_a_trail_that_cannot_be_sealed_stops_no_dispatcher(db, worker_db, settings, queue, site):
    fill(db, 3)
    ask(site, "INSERT INTO audit_seals VALUES (1, 777, 'x', 'x', 'x')")
    with worker_db.reading() as conn:
        Dispatcher(worker_db, queue).tick(conn)
    told = verified(worker_db, settings)
    assert (told["Sealed"], told["Unsealed"]) == (0, 3)


def test_seals_that_are_gone_are_missed_in_the_middle_and_at_the_end(
    trail, worker_db, settings, site
):
    with mighty(site) as conn:
        conn.execute("DELETE FROM audit_seals WHERE seq IN (3, 4)")
        told = verified(worker_db, settings)
        faults = [(f["fault"], f["seq"]) for f in told["Faults"] if f["seq"]]
        assert faults == [("seal_missing", 5)]
        conn.execute("DELETE FROM audit_seals WHERE seq >= (SELECT seq FROM audit_head)")
        assert verified(worker_db, settings)["Faults"][-1]["fault"] == "seal_missing"


def test_who_rewrites_the_whole_chain_is_betrayed_by_a_head_kept_elsewhere(
    trail, worker_db, settings, site
):
    kept = verified(worker_db, settings)["Head"]
    with mighty(site) as conn:
        conn.execute("UPDATE audit_logs SET actor = 'admin:mallory'")
        conn.execute("TRUNCATE audit_seals; DELETE FROM audit_head")
        conn.execute("INSERT INTO audit_head DEFAULT VALUES")
    seal(worker_db)
    assert verified(worker_db, settings)["Intact"]
    told = verified(worker_db, settings, head=kept)
    assert (told["Intact"], told["First"]["fault"]) == (False, "rewritten")


def test_a_longer_trail_still_has_the_head_that_was_kept(trail, db, worker_db, settings):
    kept = verified(worker_db, settings)["Head"]
    fill(db, 20, seed=2)
    seal(worker_db)
    assert verified(worker_db, settings, head=kept)["Intact"]


def test_what_was_redacted_in_secret_is_a_change(trail, worker_db, settings, site):
    ((id,),) = ask(site, "SELECT min(id) FROM audit_logs WHERE details <> '{}'")
    with mighty(site) as conn:
        conn.execute(f"""UPDATE audit_logs SET details = '{{"redacted": true}}' WHERE id = {id}""")
        conn.execute(f"UPDATE audit_seals SET salt = NULL WHERE audit_id = {id}")
        conn.execute(f"INSERT INTO audit_redactions VALUES ({id}, {id})")
    assert found(worker_db, settings) == {(id, "changed")}


@pytest.mark.parametrize("role", [roles.API, roles.WORKER])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_seals VALUES (9, 9, 'x', 'x', 'x')",
        "UPDATE audit_seals SET hash = 'x'",
        "UPDATE audit_seals SET salt = NULL",
        "DELETE FROM audit_seals",
        "UPDATE audit_head SET seq = 0",
        "INSERT INTO audit_redactions VALUES (1, 1)",
        "SELECT redact_rows('{1}', 1, 'w', 'a', 1, 'r')",
    ],
)
def test_no_program_can_write_a_seal(trail, site, role, statement):
    with (
        psycopg.connect(site.url(role), autocommit=True) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute(statement)


def test_the_api_cannot_even_seal(site):
    with (
        psycopg.connect(site.url(roles.API), autocommit=True) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute("SELECT seal_audit(1)")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_seals SET hash = 'x'",
        "UPDATE audit_seals SET salt = 'x'",
        "DELETE FROM audit_seals",
        "TRUNCATE audit_seals",
        """UPDATE audit_logs SET details = '{"redacted": true}'""",
    ],
)
def test_not_even_the_owner_unseals_in_passing(trail, site, statement):
    with (
        psycopg.connect(site.url(roles.OWNER), autocommit=True) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
    ):
        conn.execute(statement)
