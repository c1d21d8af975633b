"""POST /api/v1/jobs/batch: many jobs in one request, all of them or none."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from tests.apps import client_of
from tests.people import ADA, GRACE, JEAN, SAM, tokens_for
from tests.pipeline import ask, run_out, trail
from tests.problems import contents, faults, refused

BATCH = "/api/v1/jobs/batch"
TWO = {"jobs": [{"type": "create_student", "data": ADA}, {"type": "self_test", "data": {}}]}


def posted(client, body, key=None):
    return client.post(BATCH, json=body, headers={"Idempotency-Key": key} if key else {})


def test_all_are_accepted_in_their_order_and_done(client, worker, site):
    answer = posted(client, TWO)
    assert answer.status_code == 202
    ids = [job["job_id"] for job in answer.json["jobs"]]
    assert ids == sorted(ids)
    assert {job["status"] for job in answer.json["jobs"]} == {"queued"}
    run_out(worker, wait_seconds=0.1)
    done = [client.get(f"/api/v1/jobs/{id}").json for id in ids]
    assert [(job["type"], job["status"]) for job in done] == [
        ("create_student", "completed"),
        ("self_test", "completed"),
    ]
    assert trail(site, ids[0]) == ["create_student.requested", "student.created"]
    assert trail(site, ids[1]) == ["self_test.requested"]


def test_what_is_wrong_is_said_of_every_job_at_once_and_nothing_is_accepted(client, site):
    before = contents(site)
    wrong = [
        {"type": "self_test", "data": {}},
        {"type": "create_student", "data": ADA | {"grade_level": 99}},
        {"type": "no_such_job", "data": {}},
    ]
    found = faults(posted(client, {"jobs": wrong}))
    assert {at for at, _ in found} == {"/jobs/1/data/grade_level", "/jobs/2/type"}
    assert contents(site) == before


def test_one_that_is_open_already_refuses_them_all(client, site):
    client.post("/api/v1/users/student", json=ADA)
    before = contents(site)
    refused(posted(client, TWO), 409, "job_open")
    assert contents(site) == before


def test_the_same_key_gives_the_same_jobs_and_another_body_none(client, site):
    first = posted(client, TWO, key="b-1")
    before = contents(site)
    assert posted(client, TWO, key="b-1").json == first.json
    fewer = {"jobs": TWO["jobs"][:1]}
    refused(posted(client, fewer, key="b-1"), 422, "idempotency_mismatch")
    assert contents(site) == before


def test_no_more_than_five_hundred_and_no_fewer_than_one(client):
    one = {"type": "self_test", "data": {}}
    refused(posted(client, {"jobs": []}), 422, "validation_failed")
    refused(posted(client, {"jobs": [one] * 501}), 422, "validation_failed")
    assert len(posted(client, {"jobs": [one] * 500}).json["jobs"]) == 500


def test_who_may_only_test_may_submit_many_tests_and_nothing_else(client):
    sam = client.as_(SAM)
    assert posted(sam, {"jobs": [{"type": "self_test", "data": {}}] * 2}).status_code == 202
    refused(posted(sam, TWO), 403, "forbidden")


def test_a_full_queue_refuses_new_work_and_answers_everything_else(db, queue, settings, worker):
    few = client_of(db, queue, replace(settings, queue_limit=3), tokens_for(db))
    assert posted(few, TWO).status_code == 202
    time.sleep(1.1)  # for so long a count holds
    answer = few.post("/api/v1/staff", json=JEAN)
    refused(answer, 503, "queue_full")
    assert answer.headers["Retry-After"] == "10"
    assert few.get("/api/v1/users").status_code == 200
    run_out(worker, wait_seconds=0.1)
    time.sleep(1.1)
    assert few.post("/api/v1/staff", json=JEAN).status_code == 202


def test_a_key_older_than_a_day_is_as_good_as_new(client, site):
    first = posted(client, TWO, key="b-1").json
    ask(site, "UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    other = {"jobs": [{"type": "self_test", "data": {}}]}
    again = posted(client, other, key="b-1")
    assert again.status_code == 202
    assert again.json["jobs"][0]["job_id"] > first["jobs"][-1]["job_id"]
    assert posted(client, other, key="b-1").json == again.json


def test_ten_different_batches_with_one_key_at_once_make_one(client, site):
    def post(number):
        return posted(client, {"jobs": [{"type": "self_test", "data": {}}] * (1 + number)}, "b-1")

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(post, range(10)))
    assert sorted(answer.status_code for answer in answers) == [202] + [422] * 9
    [accepted] = [answer.json["jobs"] for answer in answers if answer.status_code == 202]
    assert ask(site, "SELECT count(*) FROM jobs") == [(len(accepted),)]


def test_a_key_whose_first_request_is_still_being_answered_is_409(client, site):
    """Held up here by a transaction of ours, as by the upload of a large roster."""
    self_test = {"jobs": [{"type": "self_test", "data": {}}]}
    id = posted(client, self_test).json["jobs"][0]["job_id"]
    with site.admin() as slow, slow.transaction():
        slow.execute(
            "INSERT INTO idempotency_keys (actor, key, request_hash, job_id)"
            " VALUES (%s, 'held', '', %s)",
            [f"admin:{GRACE}", id],
        )
        refused(posted(client, self_test, key="held"), 409, "request_in_progress")
        alone = client.post("/api/v1/users/student", json=ADA, headers={"Idempotency-Key": "held"})
        refused(alone, 409, "request_in_progress")


def test_a_key_is_not_blamed_for_a_table_that_is_locked(client, site):
    """The first request makes the API remember how many jobs wait, so that nothing before asks."""
    client.post("/api/v1/users/student", json=ADA)
    with site.admin() as slow, slow.transaction():
        slow.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        busy = client.post("/api/v1/users/student", json={**ADA, "student_id": "S7654321"})
        refused(busy, 503, "unavailable")
