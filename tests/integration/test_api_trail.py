"""Every change has its entry in the trail, written in the same transaction or not at all."""

import pytest

from tests.apps import bearer
from tests.people import ADA, GRACE, JEAN, PASSWORD
from tests.problems import contents, refused

LAPTOP = {"device_id": "LT-1", "device_name": "n", "device_type": "laptop", "platform": "linux"}
LOCK = {"policy_name": "p", "policy_type": "security", "description": "d"}
LINUS = {"username": "linus", "role": "student", "password": "a good long password"}
ROSTER = "StudentID,FirstName,LastName,GradeLevel,GraduationYear\nS9,Ada,Byron,9,2030\n"
CREATIONS = [
    ("device.registered", "POST", "/api/v1/devices", LAPTOP | {"device_id": "LT-2"}),
    ("policy.created", "POST", "/api/v1/policies", LOCK | {"policy_name": "q"}),
    ("create_student.requested", "POST", "/api/v1/users/student", ADA | {"student_id": "S2"}),
    ("create_student.requested", "POST", "/api/v1/students", ADA | {"student_id": "S3"}),
    ("create_staff.requested", "POST", "/api/v1/users/staff", JEAN),
    ("create_staff.requested", "POST", "/api/v1/staff", JEAN | {"employee_id": "E2"}),
    ("self_test.requested", "POST", "/api/v1/jobs", {"type": "self_test"}),
    ("import_users.requested", "POST", "/api/v1/imports", ROSTER),
    ("token.created", "POST", "/api/v1/tokens", {"name": "n"}),
    ("operator.created", "POST", "/api/v1/operators", LINUS),
]
CHANGES = [
    ("student.changed", "PATCH", "/api/v1/users/1", {"first_name": "Augusta"}),
    ("device.changed", "PATCH", "/api/v1/devices/LT-1", {"device_name": "m"}),
    ("device.retired", "DELETE", "/api/v1/devices/LT-1", None),
    ("policy.changed", "PATCH", "/api/v1/policies/1", {"enabled": False}),
    ("policy.retired", "DELETE", "/api/v1/policies/1", None),
    ("disable_account.requested", "DELETE", "/api/v1/users/1", None),
    ("job.cancelled", "POST", "/api/v1/jobs/{waiting}/cancel", None),
    ("job.retried", "POST", "/api/v1/jobs/{cancelled}/retry", None),
    ("operator.changed", "PATCH", "/api/v1/operators/2", {"role": "student"}),
    ("token.revoked", "DELETE", "/api/v1/tokens/{token}", None),
]
LOGIN = {"username": GRACE, "password": PASSWORD}


@pytest.fixture
def district(client, worker):
    """One of everything: what CHANGES name in braces."""

    def made(path, body):
        return client.post(f"/api/v1/{path}", json=body).json

    made("users/student", ADA)
    worker.run_once(wait_seconds=1)
    made("devices", LAPTOP)
    made("policies", LOCK)
    places = {
        "waiting": made("jobs", {"type": "self_test"})["job_id"],
        "cancelled": made("jobs", {"type": "self_test"})["job_id"],
        "token": made("tokens", {"name": "old"})["id"],
    }
    assert client.post(f"/api/v1/jobs/{places['cancelled']}/cancel").status_code == 200
    return places


def sent(client, method, path, body, places):
    headers = {"If-Match": "*"}
    if isinstance(body, str):
        return client.request(method, path, data=body, content_type="text/csv", headers=headers)
    return client.request(method, path.format(**places), json=body, headers=headers)


def trail(site):
    with site.admin() as conn:
        return conn.execute(
            "SELECT action, actor, request_id, status FROM audit_logs ORDER BY id"
        ).fetchall()


def test_every_change_has_one_entry_with_who_and_under_which_request(client, district, site):
    for action, method, path, body in CREATIONS + CHANGES:
        before = trail(site)
        answer = sent(client, method, path, body, district)
        assert answer.status_code < 300, (path, answer.text)
        (entry,) = trail(site)[len(before) :]
        status = "pending" if action.endswith(".requested") else "success"
        assert entry == (action, "admin:grace", answer.headers["X-Request-ID"], status)


def test_a_change_whose_entry_cannot_be_written_does_not_happen(client, district, site):
    """The check fails after the change itself: only one transaction around both undoes it."""
    with site.admin() as conn:
        conn.execute("ALTER TABLE audit_logs ADD CONSTRAINT audit_is_full CHECK (false) NOT VALID")
    before = contents(site)
    for _, method, path, body in CREATIONS + CHANGES:
        refused(sent(client, method, path, body, district), 422, "validation_failed")
        assert contents(site) == before, path
    refused(client.as_(None).post("/api/v1/auth/login", json=LOGIN), 422, "validation_failed")
    assert contents(site) == before


def test_an_end_of_a_session_that_cannot_be_noted_does_not_happen(client, site):
    grant = client.as_(None).post("/api/v1/auth/login", json=LOGIN).json
    with site.admin() as conn:
        conn.execute("ALTER TABLE audit_logs ADD CONSTRAINT audit_is_full CHECK (false) NOT VALID")
    before = contents(site)
    answer = client.post("/api/v1/auth/logout", headers=bearer(grant["access_token"]))
    refused(answer, 422, "validation_failed")
    assert contents(site) == before


def test_the_trail_is_newest_first_and_each_entry_can_be_asked_for(client, district):
    entries = client.get("/api/v1/audit?limit=200").json["audit"]
    ids = [entry["id"] for entry in entries]
    assert ids == sorted(ids, reverse=True)
    assert client.get(f"/api/v1/audit/{ids[0]}").json == entries[0]
    refused(client.get("/api/v1/audit/777777"), 404, "not_found")


def test_the_trail_of_one_job_tells_its_story(client, district):
    entries = client.get(f"/api/v1/audit?job_id={district['cancelled']}").json["audit"]
    assert [entry["action"] for entry in entries] == ["job.cancelled", "self_test.requested"]


def test_a_job_that_ended_cannot_be_cancelled_and_one_that_waits_not_retried(
    client, district, site
):
    before = contents(site)
    for place, act in (("cancelled", "cancel"), ("waiting", "retry")):
        answer = client.post(f"/api/v1/jobs/{district[place]}/{act}")
        refused(answer, 409, "state_conflict")
        refused(client.post(f"/api/v1/jobs/777/{act}"), 404, "not_found")
    assert contents(site) == before


def test_nobody_can_rewrite_the_trail_over_the_api(client, district):
    for method in ("PUT", "PATCH", "POST", "DELETE"):
        refused(client.request(method, "/api/v1/audit/1", json={}), 405, "method_not_allowed")
