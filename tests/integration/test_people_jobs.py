"""What happens to one person, from joining to coming back; each kind of job end to end."""

import threading

import pytest

from tests.people import ADA, IVAN, JEAN, SAM
from tests.problems import contents, faults, refused

OU = "OU=Class of 2028,OU=Students,DC=coreskills,DC=example"


@pytest.fixture
def ada(school):
    return school.pupil()


def column(school, name, id=1):
    return school.one(f"SELECT {name} FROM users WHERE id = {id}")


def test_create_student_with_a_first_day_to_come_is_staged_and_opens_on_that_day(school):
    job = school.do("create_student", **ADA, starts_on="2060-01-01")
    assert (job["result"]["State"], job["result"]["StartsOn"]) == ("staged", "2060-01-01")
    assert (column(school, "state"), column(school, "is_active")) == ("staged", False)
    assert school.ask("SELECT job_type, due_at::date::text FROM lifecycle_timers") == [
        ("activate_account", "2060-01-01")
    ]
    school.ask("UPDATE lifecycle_clock SET ahead = timestamptz '2059-12-31T12:00:00Z' - now()")
    school.do("lifecycle_tick")
    assert column(school, "state") == "staged"
    school.days_pass(1)
    assert column(school, "state") == "active"


def test_create_student_whose_first_day_was_is_active_at_once_without_a_timer(school):
    school.do("create_student", **ADA, starts_on="2020-09-01")
    assert column(school, "state") == "active"
    assert school.ask("SELECT count(*) FROM lifecycle_timers") == [(0,)]


def test_create_staff_may_be_staged_too(school):
    school.do("create_staff", **JEAN, starts_on="2060-01-01")
    assert column(school, "state") == "staged"


def test_who_was_staged_and_never_came_is_not_opened_by_the_timer(school):
    school.do("create_student", **ADA, starts_on="2060-01-01")
    school.do("disable_account", user_id=1, reason="admin")
    assert school.ask("SELECT count(*) FROM lifecycle_timers WHERE cancelled_at IS NULL") == [(0,)]
    late = school.do("activate_account", user_id=1, by_timer=True)
    assert (late["status"], late["error_code"]) == ("failed", "state_conflict")


def test_activate_account_opens_before_the_day_and_nobody_who_is_suspended(school, ada):
    assert school.act(f"users/{ada}/activate")["result"]["Changed"] is False
    school.act(f"users/{ada}/suspend")
    assert school.act(f"users/{ada}/activate")["error_code"] == "state_conflict"
    school.do("create_staff", **JEAN, starts_on="2060-01-01")
    done = school.act("users/2/activate", why="helps already")
    assert (done["result"]["Action"], column(school, "state", 2)) == ("enable", "active")
    assert school.trail(done) == ["activate_account.requested", "account.activated"]


def test_a_day_that_is_none_is_refused_with_its_place(school):
    for day, code in (
        ("2060-02-30", "day"),
        ("tomorrow", "day"),
        ("20600101", "string_pattern_mismatch"),
    ):
        answer = school.client.post("/api/v1/students", json=ADA | {"starts_on": day})
        assert faults(answer) == {("/starts_on", code)}


def test_create_student_in_a_dry_run_tells_the_name_and_makes_nobody(school):
    planned = school.do("create_student", **ADA, dry_run=True)
    assert planned["result"]["Username"] == "alovelace8001"
    (row,) = school.rows(planned)
    assert (row["key"], row["action"]) == ("student:S2028001", "create")
    assert school.ask("SELECT count(*) FROM users") == [(0,)]
    done = school.do("create_student", **ADA, plan_id=planned["id"])
    assert school.rows(done) == school.rows(planned)
    assert column(school, "username") == "alovelace8001"


def test_a_plan_to_create_is_stale_once_somebody_has_the_name(school):
    planned = school.do("create_student", **ADA, dry_run=True)
    school.do("create_student", **(ADA | {"student_id": "X2028001"}))
    done = school.do("create_student", **ADA, plan_id=planned["id"])
    assert (done["status"], done["error_code"]) == ("failed", "plan_stale")


def test_create_student_who_is_there_is_planned_as_no_change(school, ada):
    planned = school.do("create_student", **ADA, dry_run=True)
    assert (planned["result"]["Created"], planned["result"]["Counts"]) == (False, {"noop": 1})
    done = school.do("create_student", **ADA, plan_id=planned["id"])
    assert (done["status"], school.rows(done)) == ("completed", school.rows(planned))


def test_the_hot_path_leaves_no_report(school, ada):
    assert school.ask("SELECT count(*) FROM job_rows") == [(0,)]


def test_create_student_who_was_disabled_is_refused_unless_revive(school, ada):
    school.act(f"users/{ada}/disable", reason="leaver")
    refused(school.client.post("/api/v1/students", json=ADA), 409, "duplicate_person")
    again = school.do("create_student", **ADA)
    assert (again["status"], again["error_code"]) == ("failed", "state_conflict")
    answer = school.client.post("/api/v1/students", json=ADA | {"revive": True})
    back = school.ended(answer)
    assert (back["status"], column(school, "state")) == ("completed", "active")
    assert column(school, "username") == "alovelace8001"
    assert "account.restored" in school.trail(back)


def test_update_person_changes_data_and_the_unit_follows_the_class(school, ada):
    done = school.act(f"users/{ada}/update", graduation_year=2029, why="repeats")
    assert done["result"]["After"] == {"GraduationYear": 2029, "OU": OU.replace("2028", "2029")}
    assert column(school, "ou") == OU.replace("2028", "2029")
    assert column(school, "username") == "alovelace8001"
    assert school.trail(done) == ["update_person.requested", "student.changed"]
    ((details,),) = school.ask("SELECT details FROM audit_logs WHERE action = 'student.changed'")
    assert (details["why"], details["before"]["GraduationYear"]) == ("repeats", 2028)
    assert school.act(f"users/{ada}/update", graduation_year=2029)["result"]["Changed"] is False


def test_update_person_based_on_an_older_version_is_refused(school, ada):
    version = column(school, "version")
    school.act(f"users/{ada}/update", grade_level=12)
    late = school.act(f"users/{ada}/update", grade_level=10, version=version)
    assert (late["status"], late["error_code"]) == ("failed", "version_conflict")
    assert column(school, "grade_level") == 12


def test_update_person_needs_something_to_change_that_belongs_to_the_person(school, ada):
    answer = school.client.post(f"/api/v1/users/{ada}/update", json={"why": "x", "version": 1})
    assert faults(answer) == {("/", "nothing")}
    wrong = school.act(f"users/{ada}/update", department="Physics")
    assert wrong["error_code"] == "validation_failed"


def test_rename_account_gives_name_and_address_together_and_keeps_the_old_as_alias(school, ada):
    done = school.act(f"users/{ada}/rename", last_name="King", why="married")
    assert (column(school, "username"), column(school, "last_name")) == ("aking8001", "King")
    assert column(school, "username_stem") == "aking8001"
    assert column(school, "email") == "aking8001@students.coreskills.example"
    assert done["result"]["Tombstone"] == "alovelace8001"
    assert school.trail(done) == ["rename_account.requested", "account.renamed"]
    told = school.client.get(f"/api/v1/users/{ada}/lifecycle").json
    assert told["aliases"] == ["alovelace8001"]
    twin = school.pupil("T2028001", last_name="Lovelace")
    assert column(school, "username", twin) == "alovelace80012"


def test_rename_account_back_to_a_former_name_gives_the_former_username(school, ada):
    school.act(f"users/{ada}/rename", last_name="King")
    school.act(f"users/{ada}/rename", last_name="Lovelace")
    assert column(school, "username") == "alovelace8001"
    names = school.ask("SELECT username, kind FROM usernames ORDER BY username")
    assert names == [("aking8001", "alias"), ("alovelace8001", "current")]
    again = school.act(f"users/{ada}/rename", last_name="Lovelace")
    assert again["result"]["Changed"] is False


def test_rename_account_twice_at_once_gives_two_names(school, ada):
    """Both want aking8001."""
    twin = school.pupil("T2028001", last_name="Byron")
    for id in (ada, twin):
        school.client.post(f"/api/v1/users/{id}/rename", json={"last_name": "King"})
    school.work()
    names = sorted(column(school, "username", id) for id in (ada, twin))
    assert names == ["aking8001", "aking80012"]


def test_move_account_to_another_unit_and_school_makes_the_groups_be_recomputed(school, ada):
    north = school.founded("North")
    unit = "OU=Exchange,OU=Students,DC=coreskills,DC=example"
    done = school.act(f"users/{ada}/move", ou=unit, school_id=north, why="exchange year")
    assert done["result"]["After"] == {"OU": unit, "School": "North"}
    assert (column(school, "ou"), column(school, "school_id")) == (unit, north)
    assert school.trail(done) == ["move_account.requested", "account.moved"]
    timers = school.ask("SELECT job_type FROM lifecycle_timers ORDER BY id")
    assert timers == [("group_recompute",), ("licence_recompute",)]
    again = school.act(f"users/{ada}/move", ou=unit, school_id=north)
    assert again["result"]["Changed"] is False


def test_move_account_to_where_nobody_is_put_by_hand_or_no_school_is_refused(school, ada):
    kept = contents(school.site, "jobs", "job_attempts", "audit_logs")
    below = "OU=x,OU=Disabled,DC=coreskills,DC=example"
    assert school.act(f"users/{ada}/move", ou=below)["error_code"] == "protected_target"
    assert school.act(f"users/{ada}/move", school_id=77)["error_code"] == "not_found"
    assert contents(school.site, "jobs", "job_attempts", "audit_logs") == kept


def test_reset_password_shows_the_secret_once_and_keeps_it_nowhere(school, ada, queue):
    done = school.act(f"users/{ada}/reset-password", why="forgot it")
    assert done["status"] == "completed"
    assert school.trail(done) == ["reset_password.requested", "account.password_reset"]
    refused(school.client.as_(IVAN).post(f"/api/v1/users/{ada}/password"), 403, "forbidden")
    refused(school.client.as_(SAM).post(f"/api/v1/users/{ada}/password"), 403, "forbidden")
    shown = school.client.post(f"/api/v1/users/{ada}/password")
    assert (shown.status_code, shown.headers["Cache-Control"]) == (200, "no-store")
    secret = shown.json["password"]
    assert (len(secret), shown.json["username"]) == (19, "alovelace8001")
    refused(school.client.post(f"/api/v1/users/{ada}/password"), 409, "already_shown")
    assert school.ask("SELECT user_id FROM account_password_hashes") == [(ada,)]
    told = school.act(f"users/{ada}/export", party="the mother", purpose="she asked")
    assert told["status"] == "completed"
    assert "argon2" not in str(school.ask("SELECT body::text FROM person_exports"))
    everything = str(contents(school.site))
    assert secret not in everything
    assert secret.encode() not in b"".join(
        value for key in queue._client.scan_iter() for value in [queue._client.dump(key)]
    )


def test_reset_password_again_ends_the_one_before(school, ada):
    school.act(f"users/{ada}/reset-password")
    first = school.client.post(f"/api/v1/users/{ada}/password").json["password"]
    school.act(f"users/{ada}/reset-password")
    assert school.ask("SELECT count(*) FROM account_password_hashes") == [(0,)]
    second = school.client.post(f"/api/v1/users/{ada}/password").json["password"]
    assert first != second


def test_a_password_is_shown_for_an_hour_and_only_after_a_reset(school, ada):
    refused(school.client.post(f"/api/v1/users/{ada}/password"), 404, "not_found")
    school.act(f"users/{ada}/reset-password")
    school.ask("UPDATE account_passwords SET reset_at = now() - interval '61 minutes'")
    refused(school.client.post(f"/api/v1/users/{ada}/password"), 409, "reset_expired")


def test_two_who_ask_for_the_password_at_once_do_not_both_get_it(school, ada):
    school.act(f"users/{ada}/reset-password")
    codes = []

    def look():
        codes.append(school.client.post(f"/api/v1/users/{ada}/password").status_code)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200, 409, 409, 409]


def test_test_account_tells_what_does_not_fit_and_changes_nothing(school, ada):
    assert school.act(f"users/{ada}/test")["result"]["Healthy"] is True
    school.ask("UPDATE users SET ou = 'OU=Cellar'")
    kept = contents(school.site, "jobs", "job_attempts", "audit_logs")
    found = school.act(f"users/{ada}/test")
    assert found["result"]["Problems"] == ["unit_unexpected"]
    assert contents(school.site, "jobs", "job_attempts", "audit_logs") == kept


def test_every_act_has_an_address_of_its_own(school, ada):
    for path, state in (
        ("suspend", "suspended"),
        ("resume", "active"),
        ("disable", "disabled"),
        ("restore", "active"),
        ("disable", "disabled"),
        ("archive", "archived"),
        ("purge", "purged"),
    ):
        done = school.act(f"users/{ada}/{path}")
        assert (done["status"], column(school, "state")) == ("completed", state)
    (row,) = school.rows(done)
    assert (row["key"], row["action"]) == (f"user:{ada}", "purge")


def test_an_act_on_nobody_is_404_and_a_wrong_body_tells_every_fault(school, ada):
    refused(school.client.post("/api/v1/users/77/suspend", json={}), 404, "not_found")
    answer = school.client.post(
        f"/api/v1/users/{ada}/disable", json={"reason": "because", "user_id": 2, "dry_run": 1}
    )
    assert {at for at, _ in faults(answer)} == {"/reason", "/user_id", "/dry_run"}


def test_an_act_may_be_planned_and_followed(school, ada):
    planned = school.act(f"users/{ada}/rename", last_name="King", dry_run=True)
    assert column(school, "username") == "alovelace8001"
    done = school.act(f"users/{ada}/rename", last_name="King", plan_id=planned["id"])
    assert school.rows(done) == school.rows(planned)
    assert column(school, "username") == "aking8001"


def test_a_step_of_the_lifecycle_can_be_changed_by_an_admin(school, ada):
    path = "/api/v1/lifecycle/steps/left/student/1"
    refused(school.client.as_(IVAN).patch(path, json={"offset_days": 3}), 403, "forbidden")
    assert faults(school.client.patch(path, json={"offset_days": -1, "enabled": None})) == {
        ("/offset_days", "greater_than_equal"),
        ("/enabled", "null"),
    }
    refused(school.client.patch("/api/v1/lifecycle/steps/left/cat/1", json={}), 404, "not_found")
    changed = school.client.patch(path, json={"offset_days": 3})
    assert (changed.status_code, changed.json["offset_days"]) == (200, 3)
    assert school.ask(
        "SELECT details->'before'->'offset_days' FROM audit_logs"
        " WHERE action = 'lifecycle.step_changed'"
    ) == [(30,)]
    school.act(f"users/{ada}/disable", reason="leaver")
    school.days_pass(3)
    assert column(school, "state") == "archived"
