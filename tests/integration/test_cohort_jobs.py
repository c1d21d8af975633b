"""The school year ends: everybody steps once, some stay, some move, and the last class leaves."""

import pytest

from tests.people import GRACE, IVAN, ROBO
from tests.problems import contents, faults, refused


@pytest.fixture
def north(school):
    """Teaches grades 9 and 10, and sends its pupils to South."""
    south = school.founded("South", top_grade=12)
    north = school.founded("North", top_grade=10, feeder_id=south)
    school.pupils(3, north, grade=9)
    school.pupils(2, north, grade=10)
    school.pupils(2, south, grade=10)
    school.pupils(2, south, grade=12)
    return north


@pytest.fixture
def generous(school):
    school.ask("UPDATE thresholds SET most = 10000, percent = 100")


def grades(school, org):
    return school.ask(
        f"SELECT grade_level, count(*) FROM users WHERE school_id = {org} GROUP BY 1 ORDER BY 1"
    )


def test_promote_cohort_moves_everybody_on_and_the_last_grade_to_the_next_school(school, north):
    done = school.act("cohorts/promote", school_year=2027, school_id=north, why="summer")
    assert done["result"]["Counts"] == {"move": 2, "promote": 3}
    assert grades(school, north) == [(10, 3)]
    assert grades(school, north - 1) == [(10, 2), (11, 2), (12, 2)]
    assert school.trail(done) == ["promote_cohort.requested"] + ["student.stepped"] * 5
    moved = [row for row in school.rows(done) if row["action"] == "move"]
    assert moved[0]["after"] == {"GradeLevel": 11, "School": "South"}
    assert [c["school_id"] for c in school.client.get("/api/v1/cohorts").json["cohorts"]] == [north]


def test_promote_cohort_a_second_time_changes_nothing_also_for_who_came_since(school, north):
    school.act("cohorts/promote", school_year=2027, school_id=north)
    school.pupils(1, north, grade=11)
    kept = contents(school.site, "jobs", "job_attempts", "audit_logs")
    again = school.act("cohorts/promote", school_year=2027, school_id=north)
    assert (again["status"], again["result"]["AlreadyStepped"]) == ("completed", True)
    assert school.trail(again) == ["promote_cohort.requested"]
    assert contents(school.site, "jobs", "job_attempts", "audit_logs") == kept
    assert school.act("cohorts/promote", school_year=2028, school_id=north)["result"]["Counts"]


def test_promote_cohort_steps_nobody_twice_who_came_from_another_school_that_night(school, north):
    south = north - 1
    school.act("cohorts/promote", school_year=2027, school_id=north)
    done = school.act("cohorts/promote", school_year=2027, school_id=south)
    assert done["result"]["Counts"] == {"promote": 2, "skip": 4}
    codes = sorted(row["error_code"] for row in school.rows(done) if row["error_code"])
    assert codes == ["already_stepped", "already_stepped", "graduates", "graduates"]
    assert grades(school, south) == [(11, 4), (12, 2)]


def test_promote_cohort_keeps_who_is_retained_in_the_grade_and_a_year_longer(school, north):
    done = school.act(
        "cohorts/promote", school_year=2027, school_id=north, retained=["G9S2X1", "G10S2X2"]
    )
    assert done["result"]["Counts"] == {"move": 1, "promote": 2, "retain": 2}
    kept = school.ask(
        "SELECT grade_level, graduation_year, ou FROM users WHERE student_id = 'G9S2X1'"
    )
    assert kept == [(9, 2031, "OU=Class of 2031,OU=Students,DC=coreskills,DC=example")]


def test_promote_cohort_with_an_id_of_nobody_there_does_nothing_at_all(school, north):
    before = contents(school.site, "jobs", "job_attempts", "audit_logs")
    for wrong in ({"retained": ["G9S2X77"]}, {"school_id": 77}):
        body = {"school_year": 2027, "school_id": north} | wrong
        done = school.act("cohorts/promote", **body)
        assert (done["status"], done["error_code"]) == ("failed", "not_found")
    assert contents(school.site, "jobs", "job_attempts", "audit_logs") == before


def test_promote_cohort_of_a_school_that_nobody_follows_does_nothing_at_all(school):
    lonely = school.founded("Lonely", top_grade=10)
    school.pupils(3, lonely, grade=9)
    school.pupils(1, lonely, grade=10)
    done = school.act("cohorts/promote", school_year=2027, school_id=lonely)
    assert (done["status"], done["error_code"]) == ("failed", "feeder_missing")
    assert grades(school, lonely) == [(9, 3), (10, 1)]


def test_promote_cohort_passes_over_who_is_disabled_and_makes_the_groups_be_recomputed(
    school, north
):
    school.act("users/1/disable")
    school.ask("UPDATE schedules SET next_at = now() + interval '1 day'")
    done = school.act("cohorts/promote", school_year=2027, school_id=north)
    skipped = [row for row in school.rows(done) if row["action"] == "skip"]
    assert [row["error_code"] for row in skipped] == ["state_conflict"]
    due = school.ask("SELECT name FROM schedules WHERE next_at <= now() ORDER BY name")
    assert due == [("group_recompute",), ("licence_recompute",)]


def test_promote_cohort_is_planned_followed_and_refused_when_somebody_was_touched(school, north):
    body = {"school_year": 2027, "school_id": north}
    before = contents(school.site, "jobs", "job_attempts", "audit_logs")
    planned = school.act("cohorts/promote", **body, dry_run=True)
    kept = contents(school.site, "jobs", "job_attempts", "audit_logs", "plans", "job_rows")
    assert kept == {name: before[name] for name in kept}
    school.act("users/1/suspend")
    stale = school.act("cohorts/promote", **body, plan_id=planned["id"])
    assert stale["error_code"] == "plan_stale"
    school.act("users/1/resume")
    planned = school.act("cohorts/promote", **body, dry_run=True)
    done = school.act("cohorts/promote", **body, plan_id=planned["id"])
    assert (done["status"], school.rows(done)) == ("completed", school.rows(planned))


@pytest.mark.usefixtures("generous")
def test_graduate_cohort_disables_the_class_as_leavers_and_time_does_the_rest(school, north):
    done = school.act("cohorts/graduate", graduation_year=2027, why="class of 2027")
    assert done["result"]["Counts"] == {"disable": 2}
    left = school.ask("SELECT DISTINCT state, disable_reason, state_reason FROM users WHERE id > 7")
    assert left == [("disabled", "leaver", "class of 2027")]
    assert school.trail(done) == ["graduate_cohort.requested"] + ["account.disabled"] * 2
    assert school.act("cohorts/graduate", graduation_year=2027)["result"]["Counts"] == {}
    school.days_pass(30)
    assert school.ask("SELECT DISTINCT state FROM users WHERE id > 7") == [("archived",)]


@pytest.mark.usefixtures("generous")
def test_graduate_cohort_names_first_who_still_holds_a_device(school, north):
    school.ask(
        "INSERT INTO devices (device_id, device_name, device_type, platform, assigned_user_id)"
        " VALUES ('LT-1', 'n', 'laptop', 'linux', 9)"
    )
    done = school.act("cohorts/graduate", graduation_year=2027)
    assert done["result"]["HoldingDevices"] == 1
    first, second = school.rows(done)
    assert (first["key"], first["error_code"]) == ("student:G12S1X2", "device_held")
    assert "LT-1" in first["message"]
    assert second["error_code"] is None


@pytest.mark.usefixtures("generous")
def test_graduate_cohort_of_what_is_no_school_says_so_instead_of_finding_nobody(school):
    school.ask("INSERT INTO orgs (sourced_id, name, type) VALUES ('d', 'The District', 'district')")
    for id in (1, 77):
        done = school.act("cohorts/graduate", graduation_year=2027, school_id=id)
        assert (done["status"], done["error_code"]) == ("failed", "not_found")


def test_graduate_cohort_leaves_alone_who_is_not_in_the_last_grade_or_was_retained(school, north):
    south = north - 1
    school.act("cohorts/promote", school_year=2027, school_id=south, retained=["G12S1X1"])
    school.ask("UPDATE users SET graduation_year = 2027 WHERE id = 1")
    done = school.act("cohorts/graduate", graduation_year=2027)
    assert done["result"]["Counts"] == {"disable": 1, "skip": 1}
    assert school.ask("SELECT student_id FROM users WHERE state = 'disabled'") == [("G12S1X2",)]


def test_graduate_cohort_of_too_many_waits_for_a_second_person(school, north):
    school.ask("UPDATE thresholds SET most = 1")
    waiting = school.act("cohorts/graduate", graduation_year=2027)
    assert (waiting["status"], waiting["error_code"]) == ("suspended", "threshold_exceeded")
    assert school.ask("SELECT count(*) FROM users WHERE state = 'disabled'") == [(0,)]
    approve = f"/api/v1/jobs/{waiting['id']}/approve"
    refused(school.client.as_(GRACE).post(approve), 403, "forbidden")
    assert school.client.as_(IVAN).post(approve).status_code == 202
    school.work()
    assert school.ask("SELECT count(*) FROM users WHERE state = 'disabled'") == [(2,)]


def test_two_promotions_of_a_school_at_once_make_one_step(school, north, worker_db, settings):
    """The first one is written while the second has looked already."""
    step = f"INSERT INTO cohort_steps (school_year, org_id, job_id) VALUES (2027, {north}, 7)"
    other = school.disturbed(worker_db, settings, "promote_cohort", step)
    done = other.act("cohorts/promote", school_year=2027, school_id=north)
    assert (done["status"], done["result"]["AlreadyStepped"]) == ("completed", True)
    assert grades(school, north) == [(9, 3), (10, 2)]


def test_what_somebody_changed_meanwhile_is_not_undone_by_a_promotion(
    school, north, worker_db, settings
):
    """All is decided anew: one pupil was renamed, another repeats."""
    change = "UPDATE users SET last_name = 'King', grade_level = 10 WHERE id = 1"
    other = school.disturbed(worker_db, settings, "promote_cohort", change)
    done = other.act("cohorts/promote", school_year=2027, school_id=north)
    assert done["result"]["Counts"] == {"move": 3, "promote": 2}
    assert school.ask("SELECT last_name, grade_level FROM users WHERE id = 1") == [("King", 11)]


def test_only_leaders_end_a_school_year_and_wrong_wishes_tell_every_fault(school):
    client = school.client
    for path in ("promote", "graduate"):
        answer = client.as_(ROBO).post(f"/api/v1/cohorts/{path}", json={})
        refused(answer, 403, "forbidden")
    wrong = {"school_year": 1999, "school_id": 0, "retained": ["?"], "force": True}
    assert {at for at, _ in faults(client.post("/api/v1/cohorts/promote", json=wrong))} == {
        "/school_year",
        "/school_id",
        "/retained/0",
        "/force",
    }


def test_schools_are_founded_and_changed(school):
    south = school.founded("South")
    client = school.client
    body = {"sourced_id": "south", "name": "S"}
    refused(client.post("/api/v1/schools", json=body), 409, "duplicate_org")
    body = {"sourced_id": "n", "name": "North", "feeder_id": 77}
    refused(client.post("/api/v1/schools", json=body), 404, "not_found")
    district = {"sourced_id": "d", "name": "D", "type": "district", "top_grade": 12}
    assert faults(client.post("/api/v1/schools", json=district)) == {("/", "school")}
    north = school.founded("North", top_grade=10, feeder_id=south)
    path = f"/api/v1/schools/{north}"
    tag = client.get(path).headers["ETag"]
    changed = client.patch(path, json={"feeder_id": None}, headers={"If-Match": tag})
    assert (changed.status_code, changed.json["feeder_id"]) == (200, None)
    refused(client.patch(path, json={}, headers={"If-Match": tag}), 412, "version_conflict")
    assert [s["name"] for s in client.get("/api/v1/schools").json["schools"]] == ["South", "North"]
    trail = school.ask("SELECT action FROM audit_logs WHERE resource_type = 'org' ORDER BY id")
    assert trail == [("school.created",), ("school.created",), ("school.changed",)]
