"""Groups and licences follow from rules, and never give more seats than there are."""

import threading

import pytest

from coreskills.worker import membership
from tests.people import ADA, IVAN, JEAN, ROBO
from tests.pipeline import polling_worker
from tests.problems import contents, faults, refused

SENIORS = {"Field": "GradeLevel", "Op": "ge", "Value": 12}
PUPILS = {"Field": "Kind", "Op": "eq", "Value": "student"}


@pytest.fixture
def make(school):
    def act(path, **body):
        answer = school.client.post(f"/api/v1/{path}", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json["id"]

    return act


@pytest.fixture
def seniors(make):
    return make("groups", name="Seniors", kind="rule", rule=SENIORS)


def members(school, group=1):
    return [
        m["username"] for m in school.client.get(f"/api/v1/groups/{group}/members").json["members"]
    ]


def seats(school, licence=1):
    found = school.client.get(f"/api/v1/licences/{licence}").json
    held = school.client.get(f"/api/v1/licences/{licence}/assignments?limit=200").json
    assert found["used"] == len(held["assignments"]) <= found["seats"]
    return [one["username"] for one in held["assignments"]]


def test_group_recompute_puts_in_who_fits_takes_out_who_does_not_and_says_so(school, seniors):
    ada = school.pupil(grade_level=12)
    school.pupil("S2029002", last_name="Byron", grade_level=11)
    done = school.do("group_recompute")
    assert members(school) == ["alovelace8001"]
    assert school.client.get(f"/api/v1/users/{ada}/lifecycle").json["groups"] == ["Seniors"]
    assert school.trail(done) == ["group_recompute.requested", "account.groups_changed"]
    (line,) = school.rows(done)
    assert (line["key"], line["after"]) == ("student:S2028001", {"Groups": ["Seniors"]})
    again = school.do("group_recompute")
    assert (school.rows(again), again["result"]["Changed"]) == ([], 0)
    school.act(f"users/{ada}/update", grade_level=10)
    school.do("group_recompute", user_id=ada)
    assert members(school) == []


def test_a_group_recompute_may_be_planned_and_a_rule_changed_since_makes_the_plan_stale(
    school, seniors
):
    school.pupil(grade_level=12)
    planned = school.do("group_recompute", dry_run=True)
    assert members(school) == []
    path = f"/api/v1/groups/{seniors}"
    tag = school.client.get(path).headers["ETag"]
    rule = {"Field": "GradeLevel", "Op": "eq", "Value": 9}
    school.client.patch(path, json={"rule": rule}, headers={"If-Match": tag})
    late = school.do("group_recompute", plan_id=planned["id"])
    assert (late["error_code"], members(school)) == ("plan_stale", [])
    fresh = school.do("group_recompute", dry_run=True)
    done = school.do("group_recompute", plan_id=fresh["id"])
    assert (done["status"], school.rows(done)) == ("completed", school.rows(fresh))


def test_who_joins_or_moves_is_in_the_right_group_at_the_next_tick(school, seniors):
    ada = school.pupil()
    school.act(f"users/{ada}/update", grade_level=12)
    school.do("lifecycle_tick")
    assert members(school) == ["alovelace8001"]


def test_who_is_disabled_between_look_and_write_gets_no_group(school, seniors, worker_db, settings):
    ada = school.pupil(grade_level=12)
    end = (
        "UPDATE users SET state = 'disabled', disabled_at = now(), disable_reason = 'admin'"
        f" WHERE id = {ada}"
    )
    other = school.disturbed(worker_db, settings, "group_recompute", end)
    assert other.do("group_recompute")["result"]["Changed"] == 0
    assert members(school) == []


def test_a_group_may_be_made_of_the_pupils_of_a_school(school, make):
    north = school.founded("North")
    rule = {"All": [PUPILS, {"Field": "School", "Op": "eq", "Value": "North"}]}
    make("groups", name="North pupils", kind="rule", rule=rule)
    ada = school.pupil()
    school.pupil("S2029002", last_name="Byron")
    school.act(f"users/{ada}/move", school_id=north)
    school.do("group_recompute")
    assert members(school) == ["alovelace8001"]


def test_who_is_disabled_has_no_groups_and_gets_them_back(school, seniors, make):
    ada = school.pupil(grade_level=12)
    chess = make("groups", name="Chess")
    assert school.client.put(f"/api/v1/groups/{chess}/members/{ada}").status_code == 204
    school.do("group_recompute")
    for end in (["disable"], ["disable", "archive"]):
        for act in end:
            school.act(f"users/{ada}/{act}")
        groups = school.client.get(f"/api/v1/groups/{chess}").json
        assert groups["members"] == 0
        (remembered,) = school.client.get(f"/api/v1/groups/{chess}/members").json["members"]
        assert remembered["remembered"] is True
        school.do("group_recompute")
        back = school.act(f"users/{ada}/restore")
        assert set(back["result"]["After"]["Groups"]) == {"Chess", "Seniors"}
        assert (members(school, chess), members(school)) == (["alovelace8001"],) * 2
        assert school.client.get(f"/api/v1/groups/{chess}").json["members"] == 1


def test_who_is_purged_is_in_no_group_and_has_no_seat(school, seniors, make):
    ada = school.pupil(grade_level=12)
    make("licences", sku="OFFICE", name="Office", seats=1, rule=PUPILS)
    school.do("group_recompute")
    school.do("licence_recompute")
    school.act(f"users/{ada}/reset-password")
    assert school.client.post(f"/api/v1/users/{ada}/password").status_code == 200
    for act in ("disable", "archive", "purge"):
        assert school.act(f"users/{ada}/{act}")["status"] == "completed"
    for table in (
        "group_members",
        "licence_assignments",
        "account_passwords",
        "account_password_hashes",
    ):
        assert school.ask(f"SELECT count(*) FROM {table}") == [(0,)]


def test_licence_recompute_gives_the_seats_there_are_and_names_who_got_none(school, make):
    make("licences", sku="OFFICE", name="Office", seats=2, rule=PUPILS)
    for n, name in enumerate(["Ash", "Birch", "Cedar"]):
        school.pupil(f"S202900{n}", last_name=name)
    done = school.do("licence_recompute")
    assert seats(school) == ["aash9000", "abirch9001"]
    lines = [(row["key"], row["action"], row["error_code"]) for row in school.rows(done)]
    assert lines == [
        ("student:S2029000", "update", None),
        ("student:S2029001", "update", None),
        ("student:S2029002", "error", "licence_exhausted"),
    ]
    assert school.trail(done).count("account.licences_changed") == 2
    assert school.do("licence_recompute")["result"]["Changed"] == 0
    freed = school.act("users/1/disable")
    assert seats(school) == ["abirch9001"]
    ((details,),) = school.ask(
        f"SELECT details FROM audit_logs WHERE job_id = {freed['id']} AND action LIKE 'account%'"
    )
    assert details["licences_released"] == ["OFFICE"]
    school.do("licence_recompute")
    assert seats(school) == ["abirch9001", "acedar9002"]


def test_a_seat_given_back_in_a_later_batch_is_there_for_an_earlier_one(school, make):
    """More accounts than one call to the engine takes."""
    make("licences", sku="OFFICE", name="Office", seats=40, rule=SENIORS)
    school.pupils(membership.BATCH, grade=11)
    school.pupils(40, grade=12)
    school.do("licence_recompute")
    assert len(seats(school)) == 40
    school.ask("UPDATE users SET grade_level = 11 WHERE id > 520")
    school.ask("UPDATE users SET grade_level = 12 WHERE id <= 30")
    school.do("licence_recompute")
    ids = [id for (id,) in school.ask("SELECT user_id FROM licence_assignments ORDER BY 1")]
    assert ids == [*range(1, 21), *range(501, 521)]
    assert school.do("licence_recompute")["result"]["Changed"] == 0


def test_two_recomputations_at_once_never_give_a_seat_twice(school, make, worker_db, settings):
    """One for all, one for a single person who wants the last seat, too."""
    make("licences", sku="OFFICE", name="Office", seats=1, rule=PUPILS)
    ids = [school.pupil(f"S202900{n}", last_name=name) for n, name in enumerate(["Ash", "Birch"])]
    post = school.client.post
    for id in ids:
        body = {"type": "licence_recompute", "data": {"user_id": id}}
        assert post("/api/v1/jobs", json=body).status_code == 202
    workers = [polling_worker(worker_db, settings) for _ in ids]
    threads = [
        threading.Thread(target=lambda worker=worker: worker.run_once(wait_seconds=0))
        for worker in workers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    school.work()
    assert len(seats(school)) == 1
    assert school.ask("SELECT DISTINCT status::text FROM jobs") == [("completed",)]


def test_there_are_never_fewer_seats_than_are_used(school, make):
    id = make("licences", sku="OFFICE", name="Office", seats=1, rule=PUPILS)
    school.pupil()
    school.do("licence_recompute")
    path = f"/api/v1/licences/{id}"
    match = {"If-Match": school.client.get(path).headers["ETag"]}
    refused(school.client.patch(path, json={"seats": 0}, headers=match), 409, "seats_in_use")
    assert school.client.patch(path, json={"seats": 5}, headers=match).status_code == 200
    refused(school.client.delete(path, headers=match), 412, "version_conflict")
    match = {"If-Match": school.client.get(path).headers["ETag"]}
    assert school.client.delete(path, headers=match).status_code == 204
    assert school.ask("SELECT count(*) FROM licence_assignments") == [(0,)]


def test_only_people_with_an_account_in_use_are_put_into_a_static_group(school, make, seniors):
    chess, ada = make("groups", name="Chess"), school.pupil()
    client = school.client
    refused(client.put(f"/api/v1/groups/{chess}/members/77"), 404, "not_found")
    refused(client.put(f"/api/v1/groups/77/members/{ada}"), 404, "not_found")
    refused(client.put(f"/api/v1/groups/{seniors}/members/{ada}"), 409, "state_conflict")
    school.act(f"users/{ada}/disable")
    refused(client.put(f"/api/v1/groups/{chess}/members/{ada}"), 409, "state_conflict")
    school.act(f"users/{ada}/restore")
    for _ in range(2):
        assert client.put(f"/api/v1/groups/{chess}/members/{ada}").status_code == 204
    assert client.delete(f"/api/v1/groups/{chess}/members/{ada}").status_code == 204
    refused(client.delete(f"/api/v1/groups/{chess}/members/{ada}"), 404, "not_found")
    trail = school.ask(
        "SELECT action FROM audit_logs WHERE action LIKE 'group.member%' ORDER BY id"
    )
    assert trail == [("group.member_added",), ("group.member_removed",)]


def test_groups_and_licences_are_made_and_changed_by_leaders_with_every_fault_told(school, make):
    client, before = school.client, contents(school.site)
    refused(client.as_(ROBO).post("/api/v1/groups", json={"name": "Chess"}), 403, "forbidden")
    wrong = {"name": "", "kind": "club", "rule": {"Field": "x"}}
    assert {at for at, _ in faults(client.post("/api/v1/groups", json=wrong))} == {
        "/name",
        "/kind",
        "/rule",
    }
    assert faults(client.post("/api/v1/groups", json={"name": "A", "kind": "rule"})) == {
        ("/", "rule")
    }
    deep = {"All": [{"Field": "GradeLevel", "Op": "ge", "Value": "x"}, {"Not": 3}]}
    body = {"sku": "O", "name": "Office", "seats": -1, "rule": deep}
    assert len(faults(client.post("/api/v1/licences", json=body))) == 3
    assert contents(school.site) == before
    id = make("groups", name="Chess", description="Mondays")
    refused(client.post("/api/v1/groups", json={"name": "CHESS"}), 409, "duplicate_group")
    path = f"/api/v1/groups/{id}"
    match = {"If-Match": client.get(path).headers["ETag"]}
    changed = client.as_(IVAN).patch(path, json={"name": "Chess club"}, headers=match)
    assert (changed.json["name"], changed.json["description"]) == ("Chess club", "Mondays")
    refused(
        client.patch(path, json={"rule": PUPILS}, headers={"If-Match": "*"}), 409, "state_conflict"
    )
    assert [group["name"] for group in client.get("/api/v1/groups").json["groups"]] == [
        "Chess club"
    ]
    assert client.delete(path, headers={"If-Match": "*"}).status_code == 204
    refused(client.get(path), 404, "not_found")


def test_a_rule_over_what_staff_do_not_have_gives_them_nothing(school, seniors):
    school.do("create_staff", **JEAN)
    school.do("create_student", **ADA)
    assert school.do("group_recompute")["result"]["Changed"] == 0
