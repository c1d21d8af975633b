"""The checker finds what it is there to find: every violation is planted once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from coreskills.actions import jobs as job_actions
from coreskills.actions.jobs import Work
from coreskills.config import Settings
from coreskills.store.db import Database
from tests.faults import checker
from tests.faults.ledger import Ledger
from tests.faults.verdict import KINDS, Verdict
from tests.faults.work import Demand
from tests.people import JEAN
from tests.pipeline import GRACE, NOWHERE, ask, polling_worker, student

NO_TRIGGERS = "SET session_replication_role = replica; "


@dataclass
class World:
    """A small instance whose worker has done everything; `ids` by key."""

    site: object
    db: Database
    ledger: Ledger
    ids: dict[str, int]

    def promise(self, key: str, wanted: Demand, job_type: str, data: dict[str, object]) -> int:
        self.ledger.sent(key, wanted.kind, wanted.body)
        request = replace(GRACE, idempotency_key=key)
        self.ids[key] = job_actions.submit(self.db, NOWHERE, request, Work(job_type, data)).job_id
        self.ledger.acknowledged(key, self.ids[key])
        return self.ids[key]

    def verdict(self, poison: tuple[int, ...] = ()) -> Verdict:
        path = self.ledger.path
        return checker.check(lambda text: ask(self.site, text), path, poison=poison)

    def do(self, statement: str) -> None:
        ask(self.site, statement)


def student_demand(n: int) -> tuple[Demand, str, dict[str, object]]:
    return Demand("student", "/", student(n)), "create_student", student(n)


@pytest.fixture
def world(
    site, db: Database, worker_db: Database, settings: Settings, tmp_path: Path
) -> Iterator[World]:
    with Ledger(tmp_path / "ledger") as ledger:
        made = World(site, db, ledger, {})
        for n in (1, 2):
            made.promise(f"student-{n}", *student_demand(n))
        made.promise("staff", Demand("staff", "/", JEAN), "create_staff", JEAN)
        note = {"note": "hello"}
        test = Demand("self_test", "/", {"type": "self_test", "data": note})
        made.promise("test", test, "self_test", note)
        worker = polling_worker(worker_db, settings)
        while ask(site, "SELECT 1 FROM jobs WHERE status = 'queued'"):
            worker.run_once(wait_seconds=0.05)
        yield made


def test_a_run_in_which_all_went_well_is_good(world: World):
    verdict = world.verdict()
    assert verdict.good, str(verdict)
    assert (verdict.accepted, verdict.completed) == (4, 4)


def lost_job(world: World) -> None:
    world.ledger.sent("gone", "student", student(3))
    world.ledger.acknowledged("gone", 999_999)


def job_without_its_effect(world: World) -> None:
    id = world.promise("idle", *student_demand(3))
    world.do(
        "UPDATE jobs SET status = 'completed', completed_at = now(), result = '{}'"
        f" WHERE id = {id}"
    )


def failed_job(world: World) -> None:
    world.do(
        "UPDATE jobs SET status = 'failed', result = NULL, error_code = 'x', error_message = 'y'"
        f" WHERE id = {world.ids['test']}"
    )


def cancelled_by_nobody(world: World) -> None:
    id = world.ids["test"]
    world.do(f"UPDATE jobs SET status = 'cancelled', result = NULL WHERE id = {id}")


def key_with_two_jobs(world: World) -> None:
    world.ledger.acknowledged("student-1", world.ids["student-2"])


def person_created_twice(world: World) -> None:
    world.do(
        "INSERT INTO audit_logs (action, actor, resource_type, user_id, status)"
        " SELECT 'student.created', 'x', 'user', min(id), 'success' FROM users"
    )


def two_jobs_for_one_person(world: World) -> None:
    world.do(
        "INSERT INTO jobs (job_type, parameters, requested_by)"
        f" SELECT job_type, parameters, 'lab:x' FROM jobs WHERE id = {world.ids['student-1']}"
    )


def waiting_job(world: World) -> None:
    world.promise("late", *student_demand(3))


def foreign_address(world: World) -> None:
    world.do("UPDATE users SET email = username || '@elsewhere.example'")


def foreign_person(world: World) -> None:
    world.do("UPDATE users SET first_name = 'Zoe' WHERE student_id IS NOT NULL")


def foreign_result(world: World) -> None:
    of = f"(SELECT result FROM jobs WHERE id = {world.ids['student-2']})"
    world.do(f"UPDATE jobs SET result = {of} WHERE id = {world.ids['student-1']}")


def completed_after_its_cancellation(world: World) -> None:
    world.ledger.cancelled("student-1", promised=True)


def effect_of_a_cancelled_job(world: World) -> None:
    world.ledger.cancelled("student-1", promised=True)
    id = world.ids["student-1"]
    world.do(f"UPDATE jobs SET status = 'cancelled', result = NULL WHERE id = {id}")


def missing_request(world: World) -> None:
    world.do(NO_TRIGGERS + "DELETE FROM audit_logs WHERE action = 'self_test.requested'")


def missing_outcome(world: World) -> None:
    world.do(NO_TRIGGERS + "DELETE FROM audit_logs WHERE action = 'staff.created'")


def outcome_before_its_request(world: World) -> None:
    world.do(
        NO_TRIGGERS + "UPDATE audit_logs SET action = CASE action WHEN 'student.created'"
        " THEN 'create_student.requested' ELSE 'student.created' END"
        f" WHERE job_id = {world.ids['student-1']}"
    )


def attempt_without_an_end(world: World) -> None:
    world.do("UPDATE job_attempts SET ended_at = NULL, outcome = NULL")


def dead_job(world: World) -> None:
    world.do(
        "UPDATE jobs SET status = 'dead', result = NULL, error_code = 'x', error_message = 'y'"
        f" WHERE id = {world.ids['test']}"
    )


PLANTED: list[tuple[Callable[[World], None], str]] = [
    (lost_job, "lost"),
    (job_without_its_effect, "lost"),
    (failed_job, "lost"),
    (cancelled_by_nobody, "lost"),
    (key_with_two_jobs, "double"),
    (person_created_twice, "double"),
    (two_jobs_for_one_person, "double"),
    (waiting_job, "stuck"),
    (foreign_address, "wrong"),
    (foreign_person, "wrong"),
    (foreign_result, "wrong"),
    (completed_after_its_cancellation, "wrong"),
    (effect_of_a_cancelled_job, "wrong"),
    (missing_request, "trail"),
    (missing_outcome, "trail"),
    (outcome_before_its_request, "trail"),
    (attempt_without_an_end, "trail"),
    (dead_job, "dead"),
]


@pytest.mark.parametrize(
    ("plant", "kind"), PLANTED, ids=lambda value: getattr(value, "__name__", value)
)
def test_what_is_planted_is_found(world: World, plant: Callable[[World], None], kind: str):
    plant(world)
    verdict = world.verdict()
    assert not verdict.good
    assert verdict.count(kind), str(verdict)
    assert kind in str(verdict)


def test_a_poison_job_that_lives_is_reported(world: World):
    assert world.verdict(poison=(world.ids["test"],)).count("poison") == 1


def test_a_poison_job_that_is_dead_is_as_it_should_be(world: World):
    world.do(
        "INSERT INTO jobs (job_type, parameters, requested_by, status, error_code, error_message,"
        " completed_at) VALUES ('self_test', '{}', 'lab:poison', 'dead', 'x', 'y', now())"
    )
    ((id,),) = ask(world.site, "SELECT max(id) FROM jobs")
    world.do(
        "INSERT INTO audit_logs (action, actor, resource_type, job_id, status)"
        f" VALUES ('self_test.died', 'x', 'job', {id}, 'failure')"
    )
    assert world.verdict(poison=(id,)).good
    assert world.verdict().count("dead") == 1


def test_a_verdict_is_a_table_and_json(world: World):
    lost_job(world)
    verdict = world.verdict()
    assert '"lost": 1' in verdict.json()
    assert all(kind in str(verdict) for kind in KINDS)
    assert "BAD: 1 violations" in str(verdict)
