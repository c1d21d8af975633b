"""How jobs end: done, refused, tried again, given up."""

import pytest

from coreskills.actions import job_control
from coreskills.domain.jobs import MAX_ERRORS
from coreskills.errors import Conflict, EngineFailed, NotFound
from coreskills.worker.context import Outcome
from coreskills.worker.handlers import HANDLERS
from tests.people import ADA, JEAN
from tests.pipeline import (
    GRACE,
    FailingEngine,
    ask,
    attempts,
    job,
    make_due,
    polling_worker,
    states,
    submit,
    trail,
    usernames,
)

BROKEN = EngineFailed("the directory is away", permanent=False)
REFUSED = EngineFailed("no such school", permanent=True, code="no_such_school")


@pytest.fixture
def work(worker_db, settings):
    """Runs the next job, with another engine or other handlers when asked."""

    def run(*errors, **more):
        if errors:
            more["engine"] = FailingEngine(*errors)
        return polling_worker(worker_db, settings, **more).run_once(wait_seconds=0)

    return run


def test_what_may_pass_is_tried_again_later(db, work, site):
    id = submit(db, "create_student", ADA)
    work(BROKEN)
    waiting = job(db, id)
    assert (waiting["status"], waiting["error_count"]) == ("queued", 1)
    assert (waiting["error_code"], waiting["error_message"]) == (
        "engine_failed",
        "the directory is away",
    )
    ((delay,),) = ask(site, "SELECT extract(epoch FROM run_at - now()) FROM jobs")
    assert delay <= 2
    make_due(site)
    work()
    done = job(db, id)
    assert done["status"] == "completed"
    assert done["error_code"] is None
    assert attempts(db, id) == ["retried", "completed"]


def test_a_refusal_for_good_fails_at_once_and_is_in_the_trail(db, work, site):
    id = submit(db, "create_student", ADA)
    work(REFUSED)
    failed = job(db, id)
    assert (failed["status"], failed["error_code"]) == ("failed", "no_such_school")
    assert attempts(db, id) == ["failed"]
    assert trail(site, id) == ["create_student.requested", "create_student.failed"]
    assert usernames(site) == []


def test_what_does_not_pass_is_given_up_after_five_failures(db, work, site):
    id = submit(db, "create_student", ADA)
    for _ in range(MAX_ERRORS):
        assert job(db, id)["status"] == "queued"
        work(BROKEN)
        make_due(site)
    failed = job(db, id)
    assert (failed["status"], failed["error_count"]) == ("failed", MAX_ERRORS)
    assert attempts(db, id) == ["retried"] * (MAX_ERRORS - 1) + ["failed"]
    assert trail(site, id) == ["create_student.requested", "create_student.failed"]
    assert work() == []


def test_a_bug_in_a_handler_costs_the_job_and_not_the_worker(db, worker_db, settings, site):
    def buggy(context):
        raise ZeroDivisionError("division by zero")

    broken, whole = submit(db), submit(db, "create_student", ADA)
    worker = polling_worker(worker_db, settings, handlers=HANDLERS | {"self_test": buggy})
    ask(site, f"UPDATE jobs SET error_count = {MAX_ERRORS - 2} WHERE id = {broken}")
    for _ in range(3):
        worker.run_once(wait_seconds=0)
        make_due(site)
    failed = job(db, broken)
    assert (failed["status"], failed["error_code"]) == ("failed", "internal_error")
    assert failed["error_message"] == "ZeroDivisionError: division by zero"
    assert job(db, whole)["status"] == "completed"


def test_an_unknown_kind_is_released_for_a_worker_that_knows_it(db, work, site):
    def teleport(context):
        return HANDLERS["self_test"](context)

    ask(
        site,
        "INSERT INTO jobs (job_type, parameters, requested_by) VALUES ('teleport', '{}', 't')",
    )
    ((id,),) = ask(site, "SELECT id FROM jobs WHERE job_type = 'teleport'")
    work()
    released = job(db, id)
    assert (released["status"], released["error_count"], released["crash_count"]) == (
        "queued",
        0,
        0,
    )
    ((delay,),) = ask(site, "SELECT extract(epoch FROM run_at - now()) FROM jobs")
    assert 3 < delay <= 5
    make_due(site)
    work(handlers=HANDLERS | {"teleport": teleport})
    assert job(db, id)["status"] == "completed"
    assert attempts(db, id) == ["released", "completed"]


def test_an_effect_that_fails_takes_the_jobs_end_back_with_it(db, worker_db, settings, site):
    """Neither half of the transaction may stay behind without the other."""

    def half_done(context):
        outcome = HANDLERS["create_student"](context)

        def write(conn):
            outcome.write(conn)
            raise Conflict("the second half is refused")

        return Outcome(outcome.result, write)

    id = submit(db, "create_student", ADA)
    handlers = HANDLERS | {"create_student": half_done}
    polling_worker(worker_db, settings, handlers=handlers).run_once(wait_seconds=0)
    assert job(db, id)["status"] == "failed"
    assert job(db, id)["result"] is None
    assert usernames(site) == []
    assert trail(site, id) == ["create_student.requested", "create_student.failed"]


def test_the_same_student_again_is_answered_with_the_account_there_is(db, work, site):
    first = submit(db, "create_student", ADA)
    work()
    second = submit(db, "create_student", ADA)
    work()
    made, found = job(db, first)["result"], job(db, second)["result"]
    assert made["Created"]
    assert found == made | {"Created": False}
    assert len(usernames(site)) == 1
    assert trail(site, second) == ["create_student.requested"]


def test_the_same_member_of_staff_again_is_answered_with_the_account_there_is(db, work, site):
    for created in (True, False):
        id = submit(db, "create_staff", JEAN)
        work()
        result = job(db, id)["result"]
        assert (result["EmployeeID"], result["Username"]) == ("E1001", "jean.bartik")
        assert result["Created"] is created
    assert usernames(site) == ["jean.bartik"]


def test_an_account_is_disabled_once(db, work, site):
    submit(db, "create_student", ADA)
    work()
    ((user,),) = ask(site, "SELECT id FROM users")
    results = []
    for _ in range(2):
        id = submit(db, "disable_account", {"user_id": user, "reason": "leaver"})
        work()
        results.append(job(db, id)["result"]["Disabled"])
    assert results == [True, False]
    assert ask(site, "SELECT is_active, disable_reason FROM users") == [(False, "leaver")]
    assert ask(site, "SELECT count(*) FROM audit_logs WHERE action = 'account.disabled'") == [(1,)]


def test_disabling_nobody_fails_and_says_so(db, work):
    id = submit(db, "disable_account", {"user_id": 999, "reason": "admin"})
    work()
    failed = job(db, id)
    assert (failed["status"], failed["error_code"]) == ("failed", "not_found")
    assert failed["error_message"] == "There is no user 999"


def test_when_all_names_are_taken_the_job_fails_and_says_which(db, work, site):
    ask(
        site,
        """INSERT INTO users (user_type, employee_id, first_name, last_name, username,
                              username_stem, email, ou, department, role)
           SELECT 'staff', 'X' || n, 'Jean', 'Bartik', 'jean.bartik' || token, 'jean.bartik',
                  n || '@x', 'OU=x', 'x', 'x'
             FROM generate_series(1, 99) n,
                  LATERAL (SELECT CASE n WHEN 1 THEN '' ELSE n::text END) AS t (token)""",
    )
    id = submit(db, "create_staff", JEAN)
    work()
    failed = job(db, id)
    assert (failed["status"], failed["error_code"]) == ("failed", "username_exhausted")
    assert "jean.bartik99" in failed["error_message"]


def test_a_name_that_another_stem_has_already_made_is_not_given_again(db, work, site):
    """jsmitha1232 is J. Smitha of id 1232; it must not be what the second jsmitha123 gets."""
    people = [("1232", "Smitha"), ("a123", "Smith"), ("xa123", "Smith")]
    for key, surname in people:
        changes = {"student_id": key, "first_name": "Jo", "last_name": surname}
        id = submit(db, "create_student", ADA | changes)
        work()
        assert job(db, id)["status"] == "completed"
    assert usernames(site) == ["jsmitha1232", "jsmitha123", "jsmitha1233"]


def test_the_same_work_is_open_only_once(db, site):
    id = submit(db, "create_student", ADA)
    with pytest.raises(Conflict, match="already queued or running") as refused:
        submit(db, "create_student", ADA)
    assert refused.value.code == "job_open"
    job_control.cancel(db, GRACE, id)
    submit(db, "create_student", ADA)
    assert states(site) == {"cancelled": 1, "queued": 1}


def test_driving_again_what_is_open_elsewhere_is_refused(db):
    id = submit(db, "create_student", ADA)
    job_control.cancel(db, GRACE, id)
    submit(db, "create_student", ADA)
    with pytest.raises(Conflict) as refused:
        job_control.redrive(db, GRACE, id)
    assert refused.value.code == "job_open"


def test_a_failed_job_driven_again_starts_with_clean_counters(db, work, site):
    id = submit(db, "create_student", ADA)
    work(REFUSED)
    job_control.redrive(db, GRACE, id)
    again = job(db, id)
    assert (again["status"], again["error_count"], again["error_code"]) == ("queued", 0, None)
    work()
    assert job(db, id)["status"] == "completed"
    assert trail(site, id) == [
        "create_student.requested",
        "create_student.failed",
        "job.retried",
        "student.created",
    ]


def test_what_is_done_or_unknown_cannot_be_driven_again(db, work):
    id = submit(db)
    work()
    with pytest.raises(Conflict, match="is completed; only a job that is failed"):
        job_control.redrive(db, GRACE, id)
    with pytest.raises(NotFound, match="no job 999"):
        job_control.redrive(db, GRACE, 999)


def test_the_round_trip_names_the_engine_that_made_it(db, work):
    id = submit(db)
    work()
    assert job(db, id)["result"] == {
        "Username": "self.test",
        "Exists": False,
        "Engine": "native",
    }


def test_the_sweep_removes_what_is_too_old_and_nothing_else(db, work, site):
    old, new = submit(db), submit(db)
    for id, age in ((old, "25 hours"), (new, "23 hours")):
        ask(
            site,
            "INSERT INTO idempotency_keys (actor, key, request_hash, job_id, created_at)"
            f" VALUES ('a', 'k{id}', '\\x00', {id}, now() - interval '{age}')",
        )
    work(), work()
    id = submit(db, "sweep_expired")
    work()
    assert job(db, id)["result"]["Removed"]["idempotency_keys"] == 1
    assert ask(site, "SELECT job_id FROM idempotency_keys") == [(new,)]
