"""What two tables say differently is found, named, and repaired only where that is safe."""

import pytest

from tests.people import ADA
from tests.pipeline import ask, job, submit, trail
from tests.trail import mighty

LATER = "now() + interval '30 days'"


@pytest.fixture
def do(db, work):
    def act(kind, **parameters):
        id = submit(db, kind, parameters)
        work()
        return job(db, id)

    act("create_student", **ADA)
    act("create_student", **ADA | {"student_id": "S2"})
    return act


def report(do, client, **parameters):
    done = do("reconcile", **parameters)
    assert done["status"] == "completed", done
    rows = client.get(f"/api/v1/jobs/{done['id']}/rows").json["rows"]
    return done, [(row["key"], row["action"], row["error_code"]) for row in rows]


def strayed(site):
    ask(
        site,
        "INSERT INTO lifecycle_timers (user_id, job_type, due_at, reason)"
        f" VALUES (1, 'archive_account', {LATER}, 'left')",
    )


def test_reconcile_finds_nothing_where_all_is_well(do, client):
    do("disable_account", user_id=1, reason="leaver")
    do("disable_account", user_id=2, reason="admin")
    done, rows = report(do, client)
    assert (done["result"]["Drift"], rows) == ({}, [])


DRIFTS = {
    "username_differs": "UPDATE usernames SET username = 'x' WHERE user_id = 1",
    "timer_missing": "UPDATE users SET state = 'disabled', disable_reason = 'leaver',"
    " disabled_at = now() WHERE id = 1",
    "holder_differs": "INSERT INTO devices (device_id, device_name, device_type, platform,"
    " assigned_user_id, status) VALUES ('LT', 'n', 'laptop', 'linux', 1, 'assigned')",
    "plan_missing": "UPDATE jobs SET status = 'suspended', result = NULL, completed_at = NULL"
    " WHERE id = 1",
}


@pytest.mark.parametrize("code", DRIFTS)
def test_reconcile_names_what_differs_and_leaves_it_to_a_person(do, client, site, code):
    with mighty(site) as conn:
        conn.execute(DRIFTS[code])
    _, rows = report(do, client, repair=True)
    assert {row[2] for row in rows} == {code}
    assert {row[1] for row in rows} == {"skip"}
    assert report(do, client)[1] == rows


def test_a_leaver_whose_job_failed_is_told(do, client, site):
    ask(
        site,
        "INSERT INTO devices (device_id, device_name, device_type, platform, assigned_user_id)"
        " VALUES ('LT', 'n', 'laptop', 'linux', 1)",
    )
    do("disable_account", user_id=1, reason="leaver")
    ask(site, "UPDATE lifecycle_timers SET due_at = now() WHERE job_type = 'archive_account'")
    do("lifecycle_tick")
    assert report(do, client)[1] == [("student:S2028001", "skip", "timer_failed")]


def test_a_timer_of_who_stays_is_cancelled_if_that_is_asked_for(do, client, site):
    strayed(site)
    drift = ("student:S2028001", "skip", "timer_of_who_stays")
    assert report(do, client)[1] == [drift]
    plan, rows = report(do, client, repair=True, dry_run=True)
    assert rows == [("student:S2028001", "cancel", "timer_of_who_stays")]
    assert ask(site, "SELECT count(*) FROM lifecycle_timers WHERE cancelled_at IS NULL") == [(1,)]
    done, _ = report(do, client, repair=True, plan_id=plan["id"])
    assert trail(site, done["id"]) == ["reconcile.requested", "drift.repaired"]
    again, rows = report(do, client, repair=True)
    assert (rows, trail(site, again["id"])) == ([], ["reconcile.requested"])


SENIORS = {"Field": "GradeLevel", "Op": "ge", "Value": 12}
RULED = {
    "groups_differ": ("groups", {"name": "Seniors", "kind": "rule"}, "group_recompute"),
    "licences_differ": ("licences", {"sku": "CAD", "name": "CAD", "seats": 1}, "licence_recompute"),
}


@pytest.mark.parametrize("code", RULED)
def test_who_has_other_groups_or_licences_than_the_rules_say_is_told(do, client, code):
    path, body, recompute = RULED[code]
    made = client.post(f"/api/v1/{path}", json=body | {"rule": SENIORS})
    assert made.status_code == 201, made.text
    assert report(do, client)[1] == []
    do("update_person", user_id=1, grade_level=12)
    told = [("student:S2028001", "skip", code)]
    done, rows = report(do, client, repair=True)
    assert (done["result"]["Drift"], rows) == ({code: 1}, told)
    do(recompute)
    assert report(do, client)[1] == []
    do("update_person", user_id=1, grade_level=11)
    assert report(do, client)[1] == told


def test_who_finds_no_seat_is_no_drift(do, client):
    body = {"sku": "CAD", "name": "CAD", "seats": 1, "rule": {"Field": "Kind", "Op": "eq"}}
    body["rule"]["Value"] = "student"
    assert client.post("/api/v1/licences", json=body).status_code == 201
    do("licence_recompute")
    assert report(do, client)[1] == []
