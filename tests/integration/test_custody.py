"""Who has which device: handed out, taken back, and remembered."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from coreskills.engine.native.devices import STATUS_MOVES
from coreskills.store import custody
from tests.people import ADA, IVAN, JEAN
from tests.pipeline import ask, polling_worker, running, trail, until
from tests.problems import refused

LAPTOP = {
    "device_id": "LT-7",
    "device_name": "Cart 3",
    "device_type": "laptop",
    "platform": "windows",
    "serial_number": "X7",
}


@pytest.fixture
def do(client, work):
    """Ask the API for a job, run it, and return it."""

    def act(kind, by=None, **data):
        asked = (client.as_(by) if by else client).post(
            "/api/v1/jobs", json={"type": kind, "data": data}
        )
        assert asked.status_code == 202, asked.text
        work()
        return client.get(f"/api/v1/jobs/{asked.json['job_id']}").json

    return act


@pytest.fixture
def people(client, do):
    """Ada is user 1, Jean is user 2."""
    do("create_student", **ADA)
    do("create_staff", **JEAN)


@pytest.fixture
def laptop(do, people):
    return do("device_register", **LAPTOP)


def device(client, id="LT-7"):
    return client.get(f"/api/v1/devices/{id}").json


def history(client, id="LT-7"):
    return client.get(f"/api/v1/devices/{id}/assignments").json["assignments"]


def lines(client, job):
    return client.get(f"/api/v1/jobs/{job['id']}/rows").json["rows"]


def changes(site):
    """What stands in the books, without the jobs and their reports."""
    return ask(site, "SELECT d::text FROM devices d ORDER BY 1"), ask(
        site, "SELECT a::text FROM device_assignments a ORDER BY 1"
    )


def test_the_database_knows_the_same_moves_as_the_engine(site):
    """The command for the status knows most of them; the others come with giving and returning."""
    given_and_returned = {
        ("in_stock", "assigned"),
        *((held, back) for held in ("assigned", "repair", "lost") for back in ("in_stock",)),
        ("assigned", "repair"),
        ("assigned", "lost"),
        ("repair", "lost"),
        ("lost", "repair"),
    }
    by_status = {(a, b) for a, ways in STATUS_MOVES.items() for b in ways}
    known = set(ask(site, "SELECT from_status, to_status FROM device_moves"))
    assert known == by_status | given_and_returned


def test_device_register_puts_a_device_into_stock(laptop, client, site):
    assert laptop["result"]["Created"] is True
    found = device(client)
    assert {name: found[name] for name in LAPTOP} == LAPTOP
    assert (found["status"], found["compliance_status"]) == ("in_stock", "unknown")
    assert trail(site, laptop["id"]) == ["device_register.requested", "device.registered"]
    (line,) = lines(client, laptop)
    assert (line["key"], line["action"], line["after"]["SerialNumber"]) == (
        "device:LT-7",
        "create",
        "X7",
    )


def test_device_register_twice_changes_nothing_and_another_device_is_refused(laptop, do, site):
    before = changes(site)
    assert do("device_register", **LAPTOP)["result"]["Action"] == "noop"
    other = do("device_register", **LAPTOP | {"platform": "macos"})
    assert (other["status"], other["error_code"]) == ("failed", "duplicate_device")
    twin = do("device_register", **LAPTOP | {"device_id": "LT-8"})
    assert (twin["status"], twin["error_code"]) == ("failed", "duplicate_serial")
    assert changes(site) == before


def test_device_assign_hands_out_and_remembers_who_did_it(laptop, do, client, site):
    done = do("device_assign", by=IVAN, device_id="LT-7", user_id=1, why="first day")
    assert done["status"] == "completed", done
    found = device(client)
    assert (found["status"], found["assigned_user_id"]) == ("assigned", 1)
    (kept,) = history(client)
    assert (kept["user_id"], kept["assigned_by"]) == (1, "instructor:ivan")
    assert kept["returned_at"] is None
    assert trail(site, done["id"]) == ["device_assign.requested", "device.assigned"]
    ((user, details),) = ask(
        site, "SELECT user_id, details FROM audit_logs WHERE action = 'device.assigned'"
    )
    assert user == 1
    assert details == {
        "why": "first day",
        "before": {"Status": "in_stock", "AssignedTo": None},
        "after": {"Status": "assigned", "AssignedTo": "S2028001"},
    }


def test_device_assign_again_changes_nothing_and_to_another_person_is_refused(laptop, do, site):
    do("device_assign", device_id="LT-7", user_id=1)
    before = changes(site)
    assert do("device_assign", device_id="LT-7", user_id=1)["result"]["Action"] == "noop"
    held = do("device_assign", device_id="LT-7", user_id=2)
    assert (held["status"], held["error_code"]) == ("failed", "device_held")
    assert changes(site) == before


def test_device_assign_to_somebody_who_is_gone_is_refused(laptop, do, client, site):
    do("disable_account", user_id=1)
    gone = do("device_assign", device_id="LT-7", user_id=1)
    assert (gone["status"], gone["error_code"]) == ("failed", "state_conflict")
    nobody = do("device_assign", device_id="LT-7", user_id=99)
    assert (nobody["status"], nobody["error_code"]) == ("failed", "not_found")
    direct = client.patch(
        "/api/v1/devices/LT-7", json={"assigned_user_id": 1}, headers={"If-Match": "*"}
    )
    refused(direct, 409, "state_conflict")
    assert history(client) == []


@pytest.mark.parametrize(
    ("condition", "status"), [("good", "in_stock"), ("damaged", "repair"), ("lost", "lost")]
)
def test_device_return_puts_it_where_its_condition_says(
    laptop, do, client, site, condition, status
):
    do("device_assign", device_id="LT-7", user_id=1)
    done = do("device_return", by=IVAN, device_id="LT-7", condition=condition)
    found = device(client)
    assert (found["status"], found["assigned_user_id"]) == (status, None)
    (kept,) = history(client)
    assert (kept["condition"], kept["returned_by"]) == (condition, "instructor:ivan")
    assert trail(site, done["id"]) == ["device_return.requested", "device.returned"]
    before = changes(site)
    again = do("device_return", device_id="LT-7", condition=condition)
    assert (again["status"], again["result"]["Action"]) == ("completed", "noop")
    assert changes(site) == before


def test_device_set_sends_a_held_device_to_repair_and_it_stays_somebodys(laptop, do, client, site):
    do("device_assign", device_id="LT-7", user_id=1)
    done = do("device_set", device_id="LT-7", status="repair", os_version="11 25H2")
    found = device(client)
    assert (found["status"], found["assigned_user_id"]) == ("repair", 1)
    assert found["os_version"] == "11 25H2"
    assert trail(site, done["id"]) == ["device_set.requested", "device.changed"]
    before = changes(site)
    again = do("device_set", device_id="LT-7", status="repair", os_version="11 25H2")
    assert again["result"]["Action"] == "noop"
    for kind, more in (("device_set", {"status": "in_stock"}), ("device_retire", {})):
        for dry_run in (True, False):
            held = do(kind, device_id="LT-7", dry_run=dry_run, **more)
            assert (held["status"], held["error_code"]) == ("failed", "device_held")
    assert changes(site) == before


def test_device_retire_ends_it_once_and_nothing_follows(laptop, do, client, site):
    done = do("device_retire", device_id="LT-7", why="ten years old")
    found = device(client)
    assert found["status"] == "retired"
    assert found["retired_at"]
    assert trail(site, done["id"]) == ["device_retire.requested", "device.retired"]
    before = changes(site)
    assert do("device_retire", device_id="LT-7")["result"]["Action"] == "noop"
    for kind, more in (
        ("device_assign", {"user_id": 1}),
        ("device_set", {"status": "in_stock"}),
        ("device_set", {"device_name": "Zombie"}),
    ):
        over = do(kind, device_id="LT-7", **more)
        assert (over["status"], over["error_code"]) == ("failed", "state_conflict")
    assert changes(site) == before


def test_a_held_device_is_not_retired_by_a_job(laptop, do):
    do("device_assign", device_id="LT-7", user_id=1)
    assert do("device_retire", device_id="LT-7")["error_code"] == "device_held"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("device_register", LAPTOP | {"device_id": "LT-9", "serial_number": "X9"}),
        ("device_assign", {"device_id": "LT-7", "user_id": 1}),
        ("device_set", {"device_id": "LT-7", "status": "repair"}),
        ("device_retire", {"device_id": "LT-7"}),
    ],
)
def test_a_dry_run_of_a_device_job_tells_and_its_plan_is_followed(laptop, do, site, kind, data):
    before = changes(site)
    told = do(kind, **data, dry_run=True)
    assert told["result"]["DryRun"] is True
    assert changes(site) == before
    done = do(kind, **data, plan_id=told["id"])
    assert done["status"] == "completed", done
    assert done["result"]["Counts"] == told["result"]["Counts"]
    assert changes(site) != before


def test_a_check_in_does_not_make_a_plan_stale_but_a_move_does(laptop, do, client):
    told = do("device_assign", device_id="LT-7", user_id=1, dry_run=True)
    client.post("/api/v1/devices/LT-7/facts", json={"facts": {"disk": 1}})
    assert do("device_assign", device_id="LT-7", user_id=1, plan_id=told["id"])["status"] == (
        "completed"
    )
    told = do("device_return", device_id="LT-7", dry_run=True)
    do("device_set", device_id="LT-7", status="repair")
    stale = do("device_return", device_id="LT-7", plan_id=told["id"])
    assert (stale["status"], stale["error_code"]) == ("failed", "plan_stale")


def test_the_direct_way_keeps_the_same_history(laptop, client):
    """PATCH of assigned_user_id is as old as the product."""

    def patch(holder):
        answer = client.patch(
            "/api/v1/devices/LT-7", json={"assigned_user_id": holder}, headers={"If-Match": "*"}
        )
        assert answer.status_code == 200, answer.text
        return answer.json["status"]

    assert patch(1) == "assigned"
    assert patch(1) == "assigned"
    assert patch(2) == "assigned"
    assert patch(None) == "in_stock"
    kept = history(client)
    assert [one["user_id"] for one in kept] == [2, 1]
    assert [one["condition"] for one in kept] == ["good", "good"]
    assert {one["assigned_by"] for one in kept} == {"admin:grace"}


def test_the_history_is_paged_newest_first(laptop, do, client):
    for _ in range(3):
        do("device_assign", device_id="LT-7", user_id=1)
        do("device_return", device_id="LT-7")
    first = client.get("/api/v1/devices/LT-7/assignments?limit=2").json
    rest = client.get(f"/api/v1/devices/LT-7/assignments?limit=2&cursor={first['next']}").json
    ids = [one["id"] for page in (first, rest) for one in page["assignments"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 3


def test_a_person_shows_what_they_hold_and_held(laptop, do, client):
    do("device_register", **LAPTOP | {"device_id": "LT-8", "serial_number": "X8"})
    do("device_assign", device_id="LT-7", user_id=1)
    do("device_return", device_id="LT-7")
    do("device_assign", device_id="LT-8", user_id=1)

    def labels(query):
        found = client.get(f"/api/v1/users/1/devices{query}").json["devices"]
        return [one["device_id"] for one in found]

    assert labels("") == ["LT-8", "LT-7"]
    assert labels("?held=true") == ["LT-8"]
    assert labels("?held=false") == ["LT-7"]
    refused(client.get("/api/v1/users/99/devices"), 404, "not_found")
    refused(client.get("/api/v1/devices/LT-99/assignments"), 404, "not_found")


def test_leavers_with_devices_are_listed_and_stay_until_they_give_them_back(laptop, do, client):
    do("device_assign", device_id="LT-7", user_id=1)
    assert client.get("/api/v1/devices/held-by-leavers").json["devices"] == []
    do("disable_account", user_id=1, reason="leaver")
    (found,) = client.get("/api/v1/devices/held-by-leavers").json["devices"]
    assert (found["device_id"], found["person"], found["state"]) == ("LT-7", "S2028001", "disabled")
    assert do("archive_account", user_id=1)["error_code"] == "device_held"
    do("device_return", device_id="LT-7")
    assert client.get("/api/v1/devices/held-by-leavers").json["devices"] == []
    assert do("archive_account", user_id=1)["status"] == "completed"


def handed_out(site, devices, holders):
    """So many devices, and so many students of 2028 to hold them, one each."""
    ask(
        site,
        "INSERT INTO users (user_type, student_id, first_name, last_name, username, username_stem,"
        " email, ou, grade_level, graduation_year) SELECT 'student', 'T' || n, 'A', 'B', 't' || n,"
        " 't' || n, 't' || n || '@x', 'OU=x', 12, 2030"
        f" FROM generate_series(1, {holders}) AS n",
    )
    ask(
        site,
        "INSERT INTO devices (device_id, device_name, device_type, platform, assigned_user_id)"
        " SELECT 'C-' || n, 'Cart', 'laptop', 'chromeos',"
        "        (SELECT id FROM users WHERE student_id = 'T' || n)"
        f" FROM generate_series(1, {devices}) AS n",
    )


def test_device_return_cohort_takes_back_a_year_in_one_job(laptop, do, client, site):
    handed_out(site, devices=30, holders=20)
    do("device_assign", device_id="LT-7", user_id=1)
    ask(site, "UPDATE thresholds SET percent = 100")
    done = do("device_return_cohort", graduation_year=2030, why="graduation")
    assert done["result"]["Counts"] == {"return": 20}
    assert ask(site, "SELECT count(*) FROM devices WHERE status = 'assigned'") == [(1,)]
    report = lines(client, done)
    assert len(report) == 20
    assert report[0]["before"] == {"Status": "assigned", "AssignedTo": "T1"}
    ((noted, people),) = ask(
        site,
        "SELECT count(*), count(DISTINCT user_id) FROM audit_logs"
        f" WHERE action = 'device.returned' AND job_id = {done['id']}",
    )
    assert (noted, people) == (20, 20)
    again = do("device_return_cohort", graduation_year=2030)
    assert (again["status"], again["result"]["Counts"]) == ("completed", {})


def test_device_return_cohort_of_a_school_takes_only_its_own(laptop, do, client, site):
    handed_out(site, devices=2, holders=2)
    ask(site, "INSERT INTO orgs (sourced_id, name, type) VALUES ('north', 'North High', 'school')")
    ask(site, "UPDATE users SET school_id = 1 WHERE student_id = 'T1'")
    done = do("device_return_cohort", school_id=1)
    assert [line["key"] for line in lines(client, done)] == ["device:C-1"]
    assert do("device_return_cohort", school_id=77)["error_code"] == "not_found"


def test_device_return_cohort_of_half_of_all_devices_waits_for_a_second_person(
    laptop, do, client, site, work
):
    handed_out(site, devices=20, holders=20)
    waiting = do("device_return_cohort", by=IVAN, graduation_year=2030)
    assert (waiting["status"], waiting["error_code"]) == ("suspended", "threshold_exceeded")
    assert ask(site, "SELECT count(*) FROM devices WHERE status = 'assigned'") == [(20,)]
    assert client.post(f"/api/v1/jobs/{waiting['id']}/approve").status_code < 300
    work()
    assert ask(site, "SELECT count(*) FROM devices WHERE status = 'assigned'") == [(0,)]


def test_a_cohort_is_narrowed_by_something(client):
    asked = client.post("/api/v1/jobs", json={"type": "device_return_cohort", "data": {}})
    refused(asked, 422, "validation_failed")


def test_fifty_parallel_check_outs_of_one_device_have_one_winner(
    laptop, db, worker_db, settings, site, client
):
    """By jobs for 25 people at four workers, and directly for 25 others, all at once."""
    handed_out(site, devices=0, holders=50)
    holders = [id for (id,) in ask(site, "SELECT id FROM users WHERE student_id LIKE 'T%'")]
    values = ", ".join(
        f"""('device_assign', '{{"device_id": "LT-7", "user_id": {id}}}', 'test')"""
        for id in holders[:25]
    )
    # Without the key by which a second job for the same device is refused at the door.
    ask(site, f"INSERT INTO jobs (job_type, parameters, requested_by) VALUES {values}")
    workers = [polling_worker(worker_db, settings) for _ in range(4)]

    def directly(id):
        return client.patch(
            "/api/v1/devices/LT-7", json={"assigned_user_id": id}, headers={"If-Match": '"1-1"'}
        ).status_code

    with running(*workers), ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(directly, holders[25:]))
        until(lambda: ask(site, "SELECT id FROM jobs WHERE status IN ('queued', 'running')") == [])
    ended = ask(site, "SELECT status, error_code FROM jobs WHERE requested_by = 'test'")
    won = ended.count(("completed", None)) + statuses.count(200)
    assert won == 1, (ended, statuses)
    assert set(statuses) <= {200, 412, 503}
    assert set(ended) <= {("completed", None), ("failed", "device_held")}
    assert len(history(client)) == 1
    assert ask(
        site,
        "SELECT count(*) FROM audit_logs WHERE action IN ('device.assigned', 'device.changed')",
    ) == [(1,)]


def test_a_device_moved_between_the_look_and_the_write_is_not_moved_again(laptop, db, worker_db):
    with worker_db.reading() as conn:
        seen = custody.select_custody(conn, "LT-7")
    with worker_db.transaction() as conn:
        assert custody.move_devices(conn, [(seen, "assigned", 1)], actor="one") == 1
    with worker_db.transaction() as conn:
        assert custody.move_devices(conn, [(seen, "assigned", 2)], actor="two") == 0


def test_nobody_is_archived_while_a_device_is_being_handed_to_them(laptop, do, site, client):
    """Each would be right without the other; together they would leave a device with nobody."""
    gone = (
        "UPDATE users SET state = 'archived', disabled_at = now(), disable_reason = 'leaver'"
        " WHERE id = 1"
    )
    ask(site, "INSERT INTO lifecycle_moves VALUES ('archive', 'active', 'archived')")
    with site.admin() as giving, site.admin() as archiving, ThreadPoolExecutor(1) as pool:
        with giving.transaction():
            giving.execute("UPDATE devices SET assigned_user_id = 1 WHERE device_id = 'LT-7'")
            other = pool.submit(archiving.execute, gone)
            waits = "SELECT 1 AS one FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            until(lambda: ask(site, waits))
        with pytest.raises(psycopg.errors.CheckViolation) as refusal:
            other.result(timeout=20)
    assert refusal.value.diag.constraint_name == "users_hold_no_device"
    assert client.get("/api/v1/users/1").json["state"] == "active"
