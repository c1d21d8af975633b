"""Policies and people: changed by version, refused by rule."""

import pytest

from tests.people import ADA, JEAN
from tests.problems import contents, faults, refused

POLICIES = "/api/v1/policies"
LOCK = {
    "policy_name": "Screen lock",
    "policy_type": "security",
    "description": "Lock the screen after five minutes",
    "applies_to": "windows",
    "enforcement_level": "recommended",
    "enabled": False,
}


@pytest.fixture
def lock(client):
    answer = client.post(POLICIES, json=LOCK)
    assert answer.status_code == 201, answer.text
    return answer


@pytest.fixture
def people(client, worker):
    """Ada is user 1, Jean user 2."""
    client.post("/api/v1/users/student", json=ADA)
    worker.run_once(wait_seconds=1)
    client.post("/api/v1/users/staff", json=JEAN)
    worker.run_once(wait_seconds=1)
    return client


def changed(client, path, change, tag="*"):
    return client.patch(path, json=change, headers={"If-Match": tag})


def test_a_policy_is_set_and_found(client, lock):
    assert lock.headers["Location"] == f"{POLICIES}/{lock.json['id']}"
    assert {name: lock.json[name] for name in LOCK} == LOCK
    assert client.get(lock.headers["Location"]).json == lock.json
    plain = {"policy_name": "Wifi", "policy_type": "network", "description": "d"}
    made = client.post(POLICIES, json=plain).json
    assert (made["applies_to"], made["enforcement_level"], made["enabled"]) == (
        "all_devices",
        "required",
        True,
    )


def test_a_name_is_given_once_in_any_case_and_is_free_after_retiring(client, lock, site):
    before = contents(site)
    same = LOCK | {"policy_name": "SCREEN LOCK"}
    refused(client.post(POLICIES, json=same), 409, "duplicate_policy")
    assert contents(site) == before
    retired = client.delete(lock.headers["Location"], headers={"If-Match": lock.headers["ETag"]})
    assert (retired.status_code, retired.json["enabled"]) == (200, False)
    assert retired.json["retired_at"]
    assert client.post(POLICIES, json=same).status_code == 201


def test_a_retired_policy_cannot_be_changed_or_retired_again(client, lock, site):
    address = lock.headers["Location"]
    client.delete(address, headers={"If-Match": "*"})
    before = contents(site)
    refused(changed(client, address, {"enabled": True}), 409, "state_conflict")
    refused(client.delete(address, headers={"If-Match": "*"}), 409, "state_conflict")
    assert contents(site) == before


def test_a_policy_is_switched_on_and_only_that(client, lock):
    answer = changed(client, lock.headers["Location"], {"enabled": True}, lock.headers["ETag"])
    assert answer.status_code == 200
    assert {name: answer.json[name] for name in LOCK} == LOCK | {"enabled": True}
    old = changed(client, lock.headers["Location"], {"enabled": False}, lock.headers["ETag"])
    refused(old, 412, "version_conflict")
    none = client.patch(lock.headers["Location"], json={"enabled": False})
    refused(none, 428, "version_required")


def test_every_fault_of_a_policy_is_named_at_once(client, lock, site):
    before = contents(site)
    body = {
        "policy_name": "n" * 101,
        "policy_type": "moral",
        "description": "d" * 1001,
        "applies_to": None,
        "enforcement_level": 1,
        "enabled": "yes",
        "owner": "me",
    }
    expected = {
        ("/policy_name", "line_length"),
        ("/policy_type", "literal_error"),
        ("/description", "line_length"),
        ("/applies_to", "literal_error"),
        ("/enforcement_level", "literal_error"),
        ("/enabled", "bool_type"),
        ("/owner", "extra_forbidden"),
    }
    assert faults(client.post(POLICIES, json=body)) == expected
    null = ("/applies_to", "null")
    assert faults(changed(client, lock.headers["Location"], body)) == (
        expected - {("/applies_to", "literal_error")} | {null}
    )
    assert contents(site) == before


def test_a_person_is_changed_by_version_and_keeps_the_username(people):
    before = people.get("/api/v1/users/1")
    answer = changed(people, "/api/v1/users/1", {"last_name": "King"}, before.headers["ETag"])
    assert answer.status_code == 200
    assert (answer.json["last_name"], answer.json["username"]) == (
        "King",
        before.json["username"],
    )
    old = changed(people, "/api/v1/users/1", {"last_name": "Byron"}, before.headers["ETag"])
    refused(old, 412, "version_conflict")
    (entry,) = people.get("/api/v1/audit?user_id=1&limit=1").json["audit"]
    assert (entry["action"], entry["details"]) == (
        "student.changed",
        {"before": {"last_name": "Lovelace"}, "after": {"last_name": "King"}},
    )


def test_what_would_move_a_person_is_refused_with_the_job_that_does(people, site):
    before = contents(site)
    for path, place in (
        ("users/1", {"grade_level": 12, "graduation_year": 2027}),
        ("users/2", {"department": "IT", "role": "Teacher"}),
    ):
        answer = changed(people, f"/api/v1/{path}", place | {"last_name": "King"})
        assert faults(answer) == {(f"/{name}", "extra_forbidden") for name in place}
        assert all("update_person" in fault["message"] for fault in answer.json["errors"])
    assert contents(site) == before


def test_of_a_person_only_the_name_is_changed_directly(people, site):
    before = contents(site)
    nothing = changed(people, "/api/v1/users/2", {"first_name": None, "role": None})
    assert faults(nothing) == {("/first_name", "null"), ("/role", "extra_forbidden")}
    for name in ("username", "email", "id", "is_active", "version", "student_id"):
        answer = changed(people, "/api/v1/users/1", {name: "x"})
        assert faults(answer) == {(f"/{name}", "extra_forbidden")}
    assert contents(site) == before


def test_a_disabled_person_cannot_be_changed(people, worker, site):
    assert people.delete("/api/v1/users/1").status_code == 202
    worker.run_once(wait_seconds=1)
    before = contents(site)
    refused(changed(people, "/api/v1/users/1", {"last_name": "King"}), 409, "state_conflict")
    assert contents(site) == before
