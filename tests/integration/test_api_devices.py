"""Devices: registered, changed, assigned, taken back, retired."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.people import ADA
from tests.problems import contents, faults, refused

DEVICES = "/api/v1/devices"
LAPTOP = {
    "device_id": "LT-0042",
    "device_name": "Ada's laptop",
    "device_type": "laptop",
    "platform": "windows",
    "os_version": "11 23H2",
}


@pytest.fixture
def laptop(client):
    """A registered one: its address, and its first answer."""
    answer = client.post(DEVICES, json=LAPTOP)
    assert answer.status_code == 201, answer.text
    return answer


@pytest.fixture
def ada(client, worker):
    client.post("/api/v1/users/student", json=ADA)
    worker.run_once(wait_seconds=1)
    return client.get("/api/v1/users").json["users"][0]["id"]


def changed(client, change, tag):
    return client.patch(f"{DEVICES}/LT-0042", json=change, headers={"If-Match": tag})


def test_a_device_is_registered_and_found_by_its_label(client, laptop):
    assert laptop.headers["Location"] == f"{DEVICES}/LT-0042"
    assert {name: laptop.json[name] for name in LAPTOP} == LAPTOP
    assert laptop.json["compliance_status"] == "unknown"
    assert laptop.json["assigned_user_id"] is None
    found = client.get(laptop.headers["Location"])
    assert found.json == laptop.json
    assert found.headers["ETag"] == laptop.headers["ETag"] == '"1-1"'


def test_a_label_is_given_once(client, laptop, site):
    before = contents(site)
    refused(client.post(DEVICES, json=LAPTOP | {"platform": "linux"}), 409, "duplicate_device")
    assert contents(site) == before


def test_every_fault_of_a_device_is_named_at_once(client, site):
    before = contents(site)
    body = {
        "device_id": "../LT",
        "device_name": "",
        "device_type": "toaster",
        "os_version": "\n",
        "assigned_user_id": "1",
        "compliance_status": True,
        "colour": "red",
    }
    assert faults(client.post(DEVICES, json=body)) == {
        ("/device_id", "identifier"),
        ("/device_name", "empty"),
        ("/device_type", "literal_error"),
        ("/platform", "missing"),
        ("/os_version", "empty"),
        ("/assigned_user_id", "int_type"),
        ("/compliance_status", "literal_error"),
        ("/colour", "extra_forbidden"),
    }
    assert contents(site) == before


def test_a_change_touches_what_it_names_and_nothing_else(client, laptop):
    answer = changed(client, {"compliance_status": "compliant"}, laptop.headers["ETag"])
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"1-2"'
    ours = set(laptop.json) - {"version", "updated_at", "compliance_status"}
    assert {k: answer.json[k] for k in ours} == {k: laptop.json[k] for k in ours}
    assert answer.json["compliance_status"] == "compliant"
    listed = client.get(f"{DEVICES}?compliance_status=compliant").json["devices"]
    assert [device["device_id"] for device in listed] == ["LT-0042"]


def test_a_device_is_assigned_and_taken_back_with_null(client, laptop, ada):
    answer = changed(client, {"assigned_user_id": ada}, "*")
    assert answer.json["assigned_user_id"] == ada
    answer = changed(client, {"assigned_user_id": None, "os_version": None}, "*")
    assert (answer.json["assigned_user_id"], answer.json["os_version"]) == (None, None)
    assert answer.json["device_name"] == LAPTOP["device_name"]


def test_null_is_refused_where_a_device_must_have_something(client, laptop, site):
    before = contents(site)
    names = ("device_name", "device_type", "platform", "compliance_status")
    answer = changed(client, dict.fromkeys(names), "*")
    assert faults(answer) == {(f"/{name}", "null") for name in names}
    assert contents(site) == before


def test_a_device_cannot_be_assigned_to_nobody_we_know(client, laptop, site):
    before = contents(site)
    problem = refused(changed(client, {"assigned_user_id": 777}, "*"), 404, "not_found")
    assert "assigned_user_id" in problem["detail"]
    body = LAPTOP | {"device_id": "LT-2", "assigned_user_id": 777}
    refused(client.post(DEVICES, json=body), 404, "not_found")
    assert contents(site) == before


def test_a_change_must_say_which_version_it_was_based_on(client, laptop, site):
    before = contents(site)
    address = f"{DEVICES}/LT-0042"
    for request in (client.patch, client.delete):
        problem = refused(request(address, json={}), 428, "version_required")
        assert "If-Match" in problem["detail"]
    assert contents(site) == before


def test_a_change_based_on_an_old_version_is_412(client, laptop, site):
    old = laptop.headers["ETag"]
    assert changed(client, {"device_name": "First"}, old).status_code == 200
    before = contents(site)
    for tag in (old, '"1-3"', '"2-2"', "1-2", '"x"', 'W/"1-2"'):
        refused(changed(client, {"device_name": "Second"}, tag), 412, "version_conflict")
        answer = client.delete(f"{DEVICES}/LT-0042", headers={"If-Match": tag})
        refused(answer, 412, "version_conflict")
    assert contents(site) == before


def test_of_two_changes_at_once_exactly_one_wins(client, laptop, site):
    tag = laptop.headers["ETag"]
    for number in range(5):
        names = [f"{number} left", f"{number} right"]
        with ThreadPoolExecutor(2) as pool:
            answers = list(
                pool.map(changed, [client] * 2, [{"device_name": n} for n in names], [tag] * 2)
            )
        assert sorted(answer.status_code for answer in answers) == [200, 412]
        (winner,) = (
            n for n, answer in zip(names, answers, strict=True) if answer.status_code == 200
        )
        now = client.get(f"{DEVICES}/LT-0042")
        assert now.json["device_name"] == winner
        tag = now.headers["ETag"]
    with site.admin() as conn:
        noted = conn.execute(
            "SELECT count(*) FROM audit_logs WHERE action = 'device.changed'"
        ).fetchone()
    assert noted == (5,)


def test_a_retired_device_stays_in_the_books_unassigned_and_unchangeable(client, laptop, ada, site):
    assigned = changed(client, {"assigned_user_id": ada}, "*")
    answer = client.delete(f"{DEVICES}/LT-0042", headers={"If-Match": assigned.headers["ETag"]})
    assert answer.status_code == 200
    assert answer.json["retired_at"]
    assert answer.json["assigned_user_id"] is None
    (listed,) = client.get(DEVICES).json["devices"]
    assert listed["retired"] is True

    before = contents(site)
    refused(changed(client, {"device_name": "Zombie"}, "*"), 409, "state_conflict")
    again = client.delete(f"{DEVICES}/LT-0042", headers={"If-Match": "*"})
    refused(again, 409, "state_conflict")
    refused(client.post(DEVICES, json=LAPTOP), 409, "duplicate_device")
    assert contents(site) == before


def test_a_device_of_nobody_is_404_before_anything_else(client):
    for answer in (
        client.get(f"{DEVICES}/LT-1"),
        client.patch(f"{DEVICES}/LT-1", json={}, headers={"If-Match": "*"}),
        client.delete(f"{DEVICES}/LT-1", headers={"If-Match": "*"}),
    ):
        refused(answer, 404, "not_found")
