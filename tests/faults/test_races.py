"""Moments that the chaos has found, made to happen on purpose."""

from contextlib import ExitStack

from coreskills.actions import job_control
from coreskills.store import leases
from coreskills.store.db import Database
from coreskills.store.leases import Claimant
from tests.pipeline import GRACE, ask, attempts, in_background, job, submit, until

WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '{}'"


def test_an_attempt_that_began_while_its_job_was_being_cancelled_ends_with_it(
    site, db: Database, worker_db: Database
):
    id = submit(db)
    with ExitStack() as both, worker_db.transaction() as conn:
        claimed, _ = leases.claim_jobs(conn, [id], Claimant("worker-1", "native", 15.0))
        assert [each.id for each in claimed] == [id]
        both.enter_context(in_background(lambda: job_control.cancel(db, GRACE, id)))
        until(lambda: ask(site, WAITING.format(site.name)))
    assert job(db, id)["status"] == "cancelled"
    assert attempts(db, id) == ["cancelled"]
