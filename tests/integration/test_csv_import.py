"""An import is planned, then done in one piece; whoever interferes, the outcome is consistent."""

from contextlib import suppress

import pytest

from coreskills.actions import job_control
from coreskills.store import leases
from coreskills.worker.csv_import import BATCH
from tests.people import ADA
from tests.pipeline import (
    GRACE,
    FailingEngine,
    Gate,
    GatedEngine,
    ask,
    attempts,
    expire_leases,
    in_background,
    job,
    make_due,
    polling_worker,
    submit,
    submit_import,
    trail,
    usernames,
)

HEADER = "StudentID,FirstName,LastName,GradeLevel,GraduationYear\n"
ADA_ROW = "S2028001,Ada,Lovelace,11,2028\n"
PLAN = "SELECT line, action, username FROM import_results ORDER BY line"


def roster(people: int, start: int = 1) -> str:
    rows = (f"S{n:07d},Ada,Lovelace,11,2028\n" for n in range(start, start + people))
    return HEADER + "".join(rows)


@pytest.fixture
def run(worker_db, settings):
    def act(**more):
        return polling_worker(worker_db, settings, **more).run_once(wait_seconds=0)

    return act


@pytest.fixture
def reap(worker_db, site):
    def act():
        expire_leases(site)
        with worker_db.reading() as conn:
            reaped = leases.reap_jobs(conn)
        make_due(site)
        return reaped

    return act


def counts(db, id) -> dict:
    found: dict[str, int] = job(db, id)["result"]["Counts"]
    return found


def test_every_row_becomes_an_account_with_its_line_in_the_trail(db, run, site):
    id = submit_import(db, roster(25))
    run()
    assert counts(db, id) == {"created": 25, "unchanged": 0, "rejected": 0}
    assert len(set(usernames(site))) == 25
    assert trail(site, id) == ["import_users.requested"] + ["student.created"] * 25
    assert job(db, id)["progress"] == {"done": 25, "total": 25}


def test_a_dry_run_plans_everything_and_changes_nobody(db, run, site):
    id = submit_import(db, roster(5), dry_run=True)
    run()
    assert counts(db, id)["created"] == 5
    assert len(ask(site, PLAN)) == 5
    assert usernames(site) == []
    assert trail(site, id) == ["import_users.requested"]


def test_a_plan_is_followed_and_is_stale_once_somebody_took_a_name(db, run, site):
    plan = submit_import(db, roster(5), dry_run=True)
    run()
    done = submit_import(db, roster(5), plan_id=plan)
    run()
    assert counts(db, done)["created"] == 5
    plan = submit_import(db, roster(5, start=6), dry_run=True)
    run()
    submit_import(db, roster(1, start=10006))
    run()
    late = submit_import(db, roster(5, start=6), plan_id=plan)
    run()
    assert (job(db, late)["status"], job(db, late)["error_code"]) == ("failed", "plan_stale")
    assert len(usernames(site)) == 6


def test_a_plan_is_stale_for_another_file_with_the_same_usernames(db, run, site):
    plan = submit_import(db, roster(5), dry_run=True)
    run()
    other = submit_import(db, roster(5).replace(",11,2028", ",10,2029"), plan_id=plan)
    run()
    assert (job(db, other)["status"], job(db, other)["error_code"]) == ("failed", "plan_stale")
    assert usernames(site) == []


def test_the_same_file_again_changes_nothing(db, run, site):
    submit_import(db, roster(10))
    run()
    id = submit_import(db, roster(10))
    run()
    assert counts(db, id) == {"created": 0, "unchanged": 10, "rejected": 0}
    assert len(usernames(site)) == 10
    assert trail(site, id) == ["import_users.requested"]


def test_a_bad_row_is_rejected_alone_and_says_why(db, run, site):
    id = submit_import(db, HEADER + "S1,Ada,Lovelace,13,2028\nS2,Ada\n" + ADA_ROW)
    run()
    assert counts(db, id) == {"created": 1, "unchanged": 0, "rejected": 2}
    faults = ask(site, "SELECT line, faults FROM import_results WHERE action = 'rejected'")
    assert {line: [f["at"] for f in told] for line, told in faults} == {
        2: ["GradeLevel"],
        3: ["columns"],
    }


def test_a_row_twice_is_one_person_and_two_versions_of_one_are_none(db, run, site):
    text = HEADER + ADA_ROW * 2 + "S2,Jo,Li,9,2030\nS2,Jo,Ly,9,2030\n"
    id = submit_import(db, text)
    run()
    assert counts(db, id) == {"created": 1, "unchanged": 1, "rejected": 2}
    assert usernames(site) == ["alovelace8001"]


def test_a_person_who_differs_from_the_directory_is_not_overwritten(db, run, site):
    submit_import(db, HEADER + ADA_ROW)
    run()
    id = submit_import(db, HEADER + ADA_ROW.replace("11", "12"))
    run()
    assert counts(db, id) == {"created": 0, "unchanged": 0, "rejected": 1}
    ((faults,),) = ask(site, f"SELECT faults FROM import_results WHERE job_id = {id}")
    assert (faults[0]["at"], faults[0]["code"]) == ("GradeLevel", "differs")
    assert ask(site, "SELECT grade_level FROM users") == [(11,)]


def test_a_plan_that_a_crash_cut_short_is_made_anew_and_comes_out_the_same(
    db, worker_db, settings, run, reap, site
):
    text = roster(BATCH + 50)
    id = submit_import(db, text)

    class DiesInTheSecondBatch(FailingEngine):
        def invoke(self, command, parameters, context, deadline):
            if ask(site, PLAN):
                raise KeyboardInterrupt  # what no handler catches, like a kill
            return super().invoke(command, parameters, context, deadline)

    with suppress(KeyboardInterrupt):
        run(engine=DiesInTheSecondBatch())
    assert job(db, id)["status"] == "running"
    assert len(ask(site, PLAN)) == BATCH
    assert usernames(site) == []

    assert [row["id"] for row in reap()] == [id]
    run()
    assert counts(db, id) == {"created": BATCH + 50, "unchanged": 0, "rejected": 0}
    plan = ask(site, PLAN)
    assert [line for line, _, _ in plan] == list(range(2, BATCH + 52))
    assert sorted(name for _, _, name in plan) == sorted(usernames(site))
    assert attempts(db, id) == ["crashed", "completed"]


def test_a_planner_that_was_thought_dead_cannot_write_into_the_plan_of_its_successor(
    db, worker_db, settings, reap, site
):
    """Both stand before the same batch; the old one goes first, and must not get in."""
    id = submit_import(db, roster(20))
    old, new = Gate(), Gate()
    slow = polling_worker(worker_db, settings, engine=GatedEngine(old))
    quick = polling_worker(worker_db, settings, engine=GatedEngine(new))
    with in_background(lambda: quick_run(quick, old, reap), gate=new):
        with in_background(lambda: slow.run_once(wait_seconds=0), gate=old):
            new.await_arrival()
        assert ask(site, PLAN) == []
    assert job(db, id)["status"] == "completed"
    assert counts(db, id)["created"] == 20
    assert attempts(db, id) == ["crashed", "completed"]
    assert len(usernames(site)) == 20


def quick_run(worker, gate, reap):
    gate.await_arrival()
    assert reap()
    worker.run_once(wait_seconds=0)


def test_an_import_whose_person_was_created_meanwhile_takes_them_as_they_are(
    db, worker_db, settings, run, site
):
    id = submit_import(db, HEADER + ADA_ROW + "S2,Jo,Li,9,2030\n")
    gate = Gate()
    importer = polling_worker(worker_db, settings, engine=GatedEngine(gate))
    with in_background(lambda: importer.run_once(wait_seconds=0), gate=gate):
        gate.await_arrival()
        single = submit(db, "create_student", ADA)
        assert run()[0].id == single
    assert job(db, single)["result"]["Created"]
    assert counts(db, id) == {"created": 1, "unchanged": 1, "rejected": 0}
    assert usernames(site) == ["alovelace8001", "jlis2"]
    assert trail(site, id) == ["import_users.requested", "student.created"]


def test_a_student_whom_an_import_created_meanwhile_is_found_and_not_refused(
    db, worker_db, settings, run, site
):
    single = submit(db, "create_student", ADA)
    gate = Gate()
    slow = polling_worker(worker_db, settings, engine=GatedEngine(gate))
    with in_background(lambda: slow.run_once(wait_seconds=0), gate=gate):
        gate.await_arrival()
        id = submit_import(db, HEADER + ADA_ROW)
        assert run()[0].id == id
    assert counts(db, id)["created"] == 1
    assert job(db, single)["status"] == "completed"
    assert job(db, single)["result"]["Created"] is False
    assert usernames(site) == ["alovelace8001"]
    assert trail(site, single) == ["create_student.requested"]


def test_an_import_whose_name_was_taken_meanwhile_chooses_another(
    db, worker_db, settings, run, site
):
    id = submit_import(db, HEADER + ADA_ROW)
    gate = Gate()
    importer = polling_worker(worker_db, settings, engine=GatedEngine(gate))
    with in_background(lambda: importer.run_once(wait_seconds=0), gate=gate):
        gate.await_arrival()
        submit(db, "create_student", ADA | {"student_id": "T8001"})
        run()
    assert counts(db, id)["created"] == 1
    assert usernames(site) == ["alovelace8001", "alovelace80012"]
    assert ask(site, PLAN) == [(2, "created", "alovelace80012")]


def test_two_imports_of_the_same_people_at_once_create_each_once(db, worker_db, settings, site):
    ids = [submit_import(db, roster(200)), submit_import(db, roster(200, start=101))]
    gate = Gate()
    slow = polling_worker(worker_db, settings, engine=GatedEngine(gate))
    with in_background(lambda: slow.run_once(wait_seconds=0), gate=gate):
        gate.await_arrival()
        polling_worker(worker_db, settings).run_once(wait_seconds=0)
    assert sorted(counts(db, id)["created"] for id in ids) == [100, 200]
    assert len(usernames(site)) == len(set(usernames(site))) == 300


def test_names_that_meet_across_stems_within_one_file_are_told_apart(db, run, site):
    rows = ["1232,Jo,Smitha,9,2030", "a123,Jo,Smith,9,2030", "xa123,Jo,Smith,9,2030"]
    filler = roster(BATCH).removeprefix(HEADER)
    id = submit_import(db, HEADER + rows[0] + "\n" + filler + "\n".join(rows[1:]) + "\n")
    run()
    assert counts(db, id) == {"created": BATCH + 3, "unchanged": 0, "rejected": 0}
    assert {"jsmitha1232", "jsmitha123", "jsmitha1233"} <= set(usernames(site))


def test_a_cancelled_import_leaves_no_account(db, worker_db, settings, site):
    id = submit_import(db, roster(5))
    gate = Gate()
    importer = polling_worker(worker_db, settings, engine=GatedEngine(gate))
    with in_background(lambda: importer.run_once(wait_seconds=0), gate=gate):
        gate.await_arrival()
        job_control.cancel(db, GRACE, id)
    assert job(db, id)["status"] == "cancelled"
    assert usernames(site) == []
