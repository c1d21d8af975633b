"""Who may ask for which job, touch one that is there, and read what it says."""

import pytest

from coreskills.domain.access import PERMISSIONS
from coreskills.domain.kinds import KINDS, is_restricted
from tests.people import ADA, GRACE, IVAN, ROBO, ROLES, SAM
from tests.pipeline import ask, job, submit
from tests.problems import refused

WINDOW = {"starts_at": "2020-06-15T00:00:00Z", "ends_at": "2090-08-15T00:00:00Z", "reason": "June"}
EXPORT = {"user_id": 1, "party": "Attorney Miller", "purpose": "subpoena 77"}


@pytest.fixture(autouse=True)
def ada(db, worker, site):
    ask(site, "UPDATE schedules SET enabled = false")
    submit(db, "create_student", ADA)
    worker.run_once(wait_seconds=1)


def handed_in(client, who, kind, data):
    return client.as_(who).post("/api/v1/jobs", json={"type": kind, "data": data})


@pytest.mark.parametrize("kind", [name for name in KINDS if is_restricted(name)])
def test_a_restricted_kind_is_refused_to_whoever_lacks_its_permission(client, kind):
    allowed = PERMISSIONS[KINDS[kind].permission]
    for name, role in ROLES.items():
        answer = handed_in(client, name, kind, {})
        if role in allowed:
            assert answer.status_code in (202, 404, 409, 422), (name, answer.text)
        else:
            refused(answer, 403, "forbidden")


def test_a_service_purges_nobody(client):
    refused(handed_in(client, ROBO, "delete_account", {"user_id": 1}), 403, "forbidden")
    refused(client.as_(ROBO).post("/api/v1/users/1/purge", json={}), 403, "forbidden")
    batch = {"jobs": [{"type": "delete_account", "data": {"user_id": 1}}]}
    refused(client.as_(ROBO).post("/api/v1/jobs/batch", json=batch), 403, "forbidden")


@pytest.mark.parametrize("act", ["cancel", "retry"])
def test_who_may_not_ask_for_a_job_may_not_stop_or_drive_it_either(client, db, act):
    id = submit(db, "retention_sweep", {"dry_run": True})
    if act == "retry":
        client.as_(GRACE).post(f"/api/v1/jobs/{id}/cancel")
    before = job(db, id)["status"]
    refused(client.as_(ROBO).post(f"/api/v1/jobs/{id}/{act}"), 403, "forbidden")
    refused(client.as_(IVAN).post(f"/api/v1/jobs/{id}/{act}"), 403, "forbidden")
    assert job(db, id)["status"] == before
    assert client.as_(GRACE).post(f"/api/v1/jobs/{id}/{act}").status_code in (200, 202)


def test_a_new_role_makes_no_second_person(client, site):
    answer = client.as_(IVAN).post("/api/v1/cohorts/graduate", json={"graduation_year": 2028})
    id = answer.json["job_id"]
    ask(
        site,
        "UPDATE jobs SET status = 'suspended', error_code = 'x', error_message = 'x'"
        f" WHERE id = {id}",
    )
    ask(site, "UPDATE operators SET role = 'admin' WHERE username = 'ivan'")
    client.app.extensions["coreskills"].identities.forget()
    refused(client.as_(IVAN).post(f"/api/v1/jobs/{id}/approve"), 403, "forbidden")
    assert client.as_(GRACE).post(f"/api/v1/jobs/{id}/approve").status_code == 202


def test_a_student_reads_jobs_without_anybodys_reasons(client):
    why = {"user_id": 1, "why": "suspected abuse, see case 77"}
    id = handed_in(client, GRACE, "suspend_account", why).json["job_id"]
    assert client.as_(IVAN).get(f"/api/v1/jobs/{id}").json["data"]["why"] == why["why"]
    for name in (SAM, ROBO):
        told = client.as_(name).get(f"/api/v1/jobs/{id}")
        assert told.json["data"]["user_id"] == 1
        assert "case 77" not in told.text


def test_a_student_sees_that_there_is_an_export_and_nothing_of_it(client, worker):
    id = handed_in(client, GRACE, "export_person", EXPORT).json["job_id"]
    worker.run_once(wait_seconds=1)
    told = client.as_(SAM).get(f"/api/v1/jobs/{id}").json
    assert (told["type"], told["data"], told["result"]) == ("export_person", {}, None)
    refused(client.as_(SAM).get(f"/api/v1/jobs/{id}/rows"), 403, "forbidden")


def test_who_asked_may_read_the_own_reasons(client):
    why = {"user_id": 1, "why": "fees"}
    id = handed_in(client, ROBO, "suspend_account", why).json["job_id"]
    assert client.as_(ROBO).get(f"/api/v1/jobs/{id}").json["data"]["why"] == "fees"


def test_many_small_ends_are_a_mass_change_in_a_freeze_window(client):
    client.as_(GRACE).post("/api/v1/freeze-windows", json=WINDOW)
    ends = [{"type": "disable_account", "data": {"user_id": n}} for n in range(1, 7)]
    batch = "/api/v1/jobs/batch"
    refused(client.as_(ROBO).post(batch, json={"jobs": ends}), 423, "frozen")
    assert client.as_(ROBO).post(batch, json={"jobs": ends[:5]}).status_code == 202
    cohort = {"graduation_year": 2028}
    refused(handed_in(client, ROBO, "device_return_cohort", cohort), 423, "frozen")


def test_only_an_admin_overrides_a_freeze_window(client):
    client.as_(GRACE).post("/api/v1/freeze-windows", json=WINDOW)
    wanted = {"graduation_year": 2028, "override": "the board decided"}
    refused(handed_in(client, IVAN, "device_return_cohort", wanted), 403, "forbidden")
    assert handed_in(client, GRACE, "device_return_cohort", wanted).status_code == 202


def test_what_is_typed_where_a_name_belongs_stays_out_of_the_trail(client, site):
    secret = {"username": "MyTypedPassw0rd!", "password": "x"}
    refused(client.post("/api/v1/auth/login", json=secret), 401, "unauthenticated")
    assert ask(site, "SELECT actor FROM audit_logs WHERE action = 'login.refused'") == [
        ("operator:unknown",)
    ]
