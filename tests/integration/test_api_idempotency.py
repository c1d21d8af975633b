"""A request sent twice with one Idempotency-Key is one piece of work."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.apps import client_of
from tests.people import ADA, GRACE, IVAN, JEAN
from tests.problems import contents, faults, refused

STUDENT = "/api/v1/users/student"


def posted(client, body=ADA, key="k-1", path=STUDENT):
    return client.post(path, json=body, headers={"Idempotency-Key": key} if key else {})


def jobs(client):
    return client.get("/api/v1/jobs").json["jobs"]


def test_the_same_key_and_body_give_the_same_job_and_no_second_audit_row(client, site):
    first = posted(client)
    assert first.status_code == 202
    before = contents(site)
    for _ in range(3):
        again = posted(client)
        assert again.status_code == 202
        assert again.json == first.json
        assert again.headers["Location"] == first.headers["Location"]
    assert contents(site) == before


def test_a_repeated_request_waits_for_the_disk_as_the_first_one_does(client, site):
    """The first one's rows can be seen before the disk has them."""
    first = posted(client)
    with site.admin() as conn:
        conn.execute("SET synchronous_commit = off")
        for _ in range(20):
            conn.execute("UPDATE jobs SET progress = '{}'")
            ((written,),) = conn.execute("SELECT pg_current_wal_insert_lsn()").fetchall()
            assert posted(client).json == first.json
            reached = "SELECT pg_current_wal_flush_lsn() >= %s::pg_lsn"
            assert conn.execute(reached, (written,)).fetchall() == [(True,)]


def test_the_order_of_the_fields_makes_no_other_body(client):
    first = posted(client, ADA)
    again = posted(client, dict(reversed(ADA.items())))
    assert (again.status_code, again.json) == (202, first.json)


def test_a_key_still_gives_its_job_after_the_student_exists(client, worker):
    first = posted(client)
    worker.run_once(wait_seconds=1)
    again = posted(client)
    assert (again.status_code, again.json["job_id"]) == (202, first.json["job_id"])
    assert again.json["status"] == "completed"
    refused(posted(client, key=None), 409, "duplicate_person")
    refused(posted(client, key="k-2"), 409, "duplicate_person")


def test_the_same_key_with_another_body_is_422_and_names_the_first_job(client, site):
    first = posted(client)
    before = contents(site)
    for body in (ADA | {"first_name": "Augusta"}, ADA | {"student_id": "S2"}):
        problem = refused(posted(client, body), 422, "idempotency_mismatch")
        assert problem["job_id"] == first.json["job_id"]
    refused(posted(client, JEAN, path="/api/v1/staff"), 422, "idempotency_mismatch")
    refused(posted(client, {"type": "self_test"}, path="/api/v1/jobs"), 422, "idempotency_mismatch")
    assert contents(site) == before


def test_the_key_of_another_actor_is_another_key(client):
    first = posted(client)
    other = posted(client.as_(IVAN), ADA | {"student_id": "S2"})
    assert other.status_code == 202
    assert other.json["job_id"] != first.json["job_id"]


def test_a_refused_request_does_not_use_its_key_up(client):
    assert faults(posted(client, ADA | {"grade_level": 13}))
    assert posted(client).status_code == 202


def test_a_key_must_be_visible_ascii(client, site):
    before = contents(site)
    for key in (" ", "a b", "é", "k" * 256, "\t"):
        answer = client.post(STUDENT, json=ADA, headers={"Idempotency-Key": key})
        assert faults(answer) == {("Idempotency-Key", "bad_key")}, key
    assert contents(site) == before
    assert posted(client, key="k" * 255).status_code == 202


def test_twenty_equal_requests_at_once_make_exactly_one_job(client, site):
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: posted(client), range(20)))
    assert {answer.status_code for answer in answers} == {202}, [a.text for a in answers]
    assert len({answer.json["job_id"] for answer in answers}) == 1
    assert len(jobs(client)) == 1
    with site.admin() as conn:
        noted = conn.execute(
            "SELECT count(*) FROM audit_logs WHERE action = 'create_student.requested'"
        ).fetchone()
    assert noted == (1,)


def test_twenty_equal_self_tests_at_once_make_exactly_one_job(client):
    """Nothing but the key holds these together: self tests are not unique."""
    body, path = {"type": "self_test"}, "/api/v1/jobs"
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: posted(client, body, "k", path), range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json["job_id"] for answer in answers}) == len(jobs(client)) == 1


def test_twenty_equal_requests_without_a_key_make_one_job_and_nineteen_conflicts(client):
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: posted(client, key=None), range(20)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 19
    assert {answer.json.get("code") for answer in answers} == {None, "job_open"}
    assert len(jobs(client)) == 1


def test_twenty_different_bodies_with_one_key_make_one_job(client):
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: posted(client, ADA | {"student_id": f"S{n}"}), range(20)))
    assert sorted(answer.status_code for answer in answers) == [202] + [422] * 19
    assert len(jobs(client)) == 1
    assert client.name == GRACE


def test_disabling_a_user_twice_with_one_key_is_one_job(client, worker):
    posted(client)
    worker.run_once(wait_seconds=1)
    headers = {"Idempotency-Key": "leaver-1"}
    first = client.delete("/api/v1/users/1", headers=headers)
    assert first.status_code == 202
    assert client.delete("/api/v1/users/1", headers=headers).json == first.json
    refused(client.delete("/api/v1/users/1"), 409, "job_open")
    worker.run_once(wait_seconds=1)
    assert client.get("/api/v1/users/1").json["is_active"] is False


class Interrupted:
    """A database that lets something else happen before the `moment`th statement that reads."""

    def __init__(self, db, moment, act):
        self._db, self._left, self._act = db, moment, act

    def __getattr__(self, name):
        return getattr(self._conn if name in ("pgconn", "pipeline") else self._db, name)

    @contextmanager
    def reading(self):
        with self._db.reading() as self._conn:
            yield self

    def execute(self, *arguments):
        self._left -= 1
        if self._left == 0:
            self._act()
        return self._conn.execute(*arguments)


@pytest.mark.parametrize("moment", range(1, 7))
def test_a_repeat_is_not_beaten_by_its_own_first_request(
    client, db, queue, settings, worker, moment
):
    """The client gave up waiting and asks again, while the first request and its job come to
    their end at any moment between two looks of the second."""
    first = []

    def finish():
        first.append(posted(client))
        worker.run_once(wait_seconds=1)

    slow = client_of(Interrupted(db, moment, finish), queue, settings, client.tokens)
    again = posted(slow)
    assert again.status_code == 202
    assert not first or again.json["job_id"] == first[0].json["job_id"]
