"""A roster in OneRoster's form, from the POST to the people, their classes and the trail."""

import pytest

from tests.oneroster import as_delta, changed, district, enrolment, package, person, role
from tests.people import GRACE
from tests.pipeline import ask, job, trail

NOBODY_ELSE = {"skipped": 0, "rejected": 0, "disabled": 0}


@pytest.fixture
def imported(db, client, work):
    """Import a package to its end, and return the job."""

    def act(body, **query):
        answer = client.as_(GRACE).post(
            "/api/v1/imports/oneroster",
            data=body,
            content_type="application/zip",
            query_string=query,
        )
        assert answer.status_code == 202, answer.text
        work()
        return job(db, answer.json["job_id"])

    return act


@pytest.fixture
def lines(client):
    """What became of the rows: (file, line, action, codes)."""

    def act(id, **query):
        path = f"/api/v1/imports/{id}/rows"
        rows = client.as_(GRACE).get(path, query_string={"limit": 200} | query).json["rows"]
        return [
            (r["file"], r["line"], r["action"], [f["code"] for f in r["faults"] or []])
            for r in rows
        ]

    return act


def counts(done):
    assert done["status"] == "completed", done
    names = ("created", "updated", "unchanged", "skipped", "rejected", "disabled")
    return {name: done["result"]["Counts"][name] for name in names}


def states(site):
    return dict(ask(site, "SELECT coalesce(student_id, employee_id), state FROM users ORDER BY id"))


def test_oneroster_import_makes_people_classes_and_enrolments(imported, site):
    done = imported(package(district()))
    assert counts(done) == {"created": 16, "updated": 0, "unchanged": 0} | NOBODY_ELSE
    people = ask(
        site,
        "SELECT student_id, employee_id, username, u.sourced_id, o.sourced_id, grade_level,"
        " graduation_year, department, role FROM users u JOIN orgs o ON o.id = school_id"
        " ORDER BY u.id",
    )
    assert people == [
        ("S2028001", None, "alovelace8001", "u-ada", "north", 11, 2029, None, None),
        ("S2030001", None, "jnunez0001", "u-jo", "north", 9, 2031, None, None),
        (None, "E100", "ivan.obrien", "u-ivan", "north", None, None, "North High", "teacher"),
    ]
    enrolled = (
        "SELECT count(*), count(is_primary) FROM enrollments JOIN classes c ON c.id = class_id"
    )
    assert ask(site, enrolled) == [(3, 1)]
    assert ask(site, "SELECT count(*) FROM orgs WHERE parent_id IS NOT NULL") == [(2,)]
    assert trail(site, done["id"]) == [
        "oneroster_import.requested",
        *["student.created"] * 2,
        "staff.created",
        "roster.imported",
    ]


def test_the_same_package_again_is_unchanged_to_the_last_row(imported, site):
    imported(package(district()))
    again = imported(package(district()))
    assert counts(again) == {"created": 0, "updated": 0, "unchanged": 16} | NOBODY_ELSE
    assert trail(site, again["id"]) == ["oneroster_import.requested"]


def test_a_dry_run_changes_nobody_and_its_plan_is_what_is_done(imported, site):
    plan = imported(package(district()), dry_run="true")
    assert counts(plan)["created"] == 16
    assert ask(site, "SELECT count(*) FROM users") == [(0,)]
    done = imported(package(district()), plan_id=plan["id"])
    assert counts(done)["created"] == 16


def test_a_plan_is_stale_when_somebody_took_a_name_meanwhile(imported, site):
    plan = imported(package(district()), dry_run="true")
    other = changed("users", 0, identifier="S9998001")
    imported(
        package(
            {
                "users": as_delta(other["users"][:1]),
                "roles": as_delta(other["roles"][:1]),
                "orgs": as_delta(other["orgs"]),
            },
            users="delta",
            roles="delta",
            orgs="delta",
        )
    )
    done = imported(package(district()), plan_id=plan["id"])
    assert (done["status"], done["error_code"]) == ("failed", "plan_stale")


def test_every_line_is_reported_once(imported, lines):
    done = imported(package(changed("users", 1, grades="ninth")))
    told = lines(done["id"])
    assert len(told) == 16
    assert [(f, n) for f, n, _, _ in told[:3]] == [("orgs", 2), ("orgs", 3), ("orgs", 4)]
    assert [t for t in told if t[2] == "rejected"] == [
        ("users", 3, "rejected", ["bad_grade"]),
        ("roles", 3, "rejected", ["reference_rejected"]),
        ("enrollments", 3, "rejected", ["reference_rejected"]),
    ]


def test_a_pupil_of_another_grade_is_skipped_with_all_that_belongs_to_her(imported, lines, site):
    done = imported(package(changed("users", 1, grades="08")))
    assert [t for t in lines(done["id"]) if t[2] == "skipped"] == [
        ("users", 3, "skipped", ["grade_out_of_scope"]),
        ("roles", 3, "skipped", ["reference_skipped"]),
        ("enrollments", 3, "skipped", ["reference_skipped"]),
    ]
    assert counts(done)["rejected"] == 0
    assert len(states(site)) == 2


def test_a_known_person_is_changed_with_before_and_after_in_the_trail(imported, site):
    imported(package(district()))
    files = changed("users", 0, familyName="Byron", grades="12", primaryOrgSourcedId="south")
    files["roles"][0]["orgSourcedId"] = "south"
    done = imported(package(files))
    assert counts(done) == {"created": 0, "updated": 2, "unchanged": 14} | NOBODY_ELSE
    ((before, after),) = ask(
        site,
        "SELECT details -> 'before', details -> 'after' FROM audit_logs"
        f" WHERE job_id = {done['id']} AND action = 'student.changed'",
    )
    assert before == {"LastName": "Lovelace", "GradeLevel": 11, "School": "north"}
    assert after == {"LastName": "Byron", "GradeLevel": 12, "School": "south"}
    assert ask(site, "SELECT username FROM users WHERE last_name = 'Byron'") == [("alovelace8001",)]


def test_who_is_missing_from_a_bulk_file_leaves_with_timers(imported, site):
    imported(package(district()))
    files = district()
    for file in ("users", "roles", "enrollments"):
        files[file] = files[file][1:]
    done = imported(package(files))
    assert counts(done)["disabled"] == 1
    assert states(site) == {"S2028001": "disabled", "S2030001": "active", "E100": "active"}
    assert ask(site, "SELECT job_type FROM lifecycle_timers ORDER BY id") == [
        ("archive_account",),
        ("delete_account",),
    ]
    assert "account.disabled" in trail(site, done["id"])
    closed = "SELECT sourced_id FROM enrollments WHERE status = 'tobedeleted'"
    assert ask(site, closed) == [("e-ada",)]
    again = imported(package(files))
    assert counts(again) == {"created": 0, "updated": 0, "unchanged": 13} | NOBODY_ELSE


def test_who_comes_back_is_restored_and_has_no_timer(imported, site):
    imported(package(district()))
    less = district()
    for file in ("users", "roles", "enrollments"):
        less[file] = less[file][1:]
    imported(package(less))
    done = imported(package(district()))
    assert counts(done)["updated"] == 3  # the person, the role, the enrolment
    assert states(site)["S2028001"] == "active"
    assert ask(site, "SELECT count(*) FROM lifecycle_timers WHERE cancelled_at IS NULL") == [(0,)]
    assert ask(site, "SELECT ou FROM users WHERE student_id = 'S2028001'") == [
        ("OU=Class of 2029,OU=Students,DC=coreskills,DC=example",)
    ]


def test_a_leaver_has_no_groups_until_she_is_back(imported, site, client):
    imported(package(district()))
    group = client.as_(GRACE).post("/api/v1/groups", json={"name": "Choir"}).json["id"]
    answer = client.as_(GRACE).put(f"/api/v1/groups/{group}/members/1")
    assert answer.status_code < 300, answer.text
    less = district()
    for file in ("users", "roles", "enrollments"):
        less[file] = less[file][1:]
    imported(package(less))
    member = "SELECT remembered FROM group_members WHERE user_id = 1"
    assert ask(site, member) == [(True,)]
    imported(package(district()))
    assert ask(site, member) == [(False,)]


def test_a_half_empty_bulk_file_waits_for_a_second_person(imported, site, db, client, work):
    ask(site, "UPDATE thresholds SET most = 0 WHERE job_type = 'oneroster_import'")
    imported(package(district()))
    less = district()
    for file in ("users", "roles", "enrollments"):
        less[file] = less[file][2:]
    done = imported(package(less))
    assert (done["status"], done["error_code"]) == ("suspended", "threshold_exceeded")
    assert set(states(site).values()) == {"active"}
    ask(site, "UPDATE jobs SET requested_by = 'somebody' WHERE status = 'suspended'")
    assert client.as_(GRACE).post(f"/api/v1/jobs/{done['id']}/approve").status_code in (200, 202)
    work()
    assert counts(job(db, done["id"]))["disabled"] == 2


def lesson(pupils=10):
    """The district, with a class of so many."""
    roster = district()
    for n in range(pupils):
        roster["users"].append(person(f"x{n}", f"S77{n:05}", grades="09"))
        roster["roles"].append(role(f"rx{n}", f"x{n}"))
        roster["enrollments"].append(enrolment(f"ex{n}", f"x{n}"))
    return roster


def open_enrolments(site):
    ((count,),) = ask(site, "SELECT count(*) FROM enrollments WHERE status = 'active'")
    return count


def test_a_plan_says_what_a_bulk_file_with_one_row_would_close(imported, site, client):
    imported(package(lesson()))
    one = {"enrollments": lesson()["enrollments"][:1]}
    plan = imported(package(one), dry_run="true")
    assert plan["result"]["Counts"]["closed"] == 12
    assert plan["result"]["Files"]["enrollments"] == {"unchanged": 1, "closed": 12}
    rows = client.as_(GRACE).get(f"/api/v1/jobs/{plan['id']}/rows?action=close").json["rows"]
    assert [(row["key"], row["after"]["Rows"], row["after"]["Of"]) for row in rows] == [
        ("file:enrollments:close", 12, 13)
    ]
    assert open_enrolments(site) == 13


def test_a_bulk_file_that_would_close_most_waits_for_a_second_person(
    imported, site, client, work, db
):
    imported(package(lesson()))
    done = imported(package({"enrollments": lesson()["enrollments"][:1]}))
    assert (done["status"], done["error_code"]) == ("suspended", "threshold_exceeded")
    assert "close 12 of 13" in done["error_message"]
    assert open_enrolments(site) == 13
    ask(site, "UPDATE jobs SET requested_by = 'somebody' WHERE status = 'suspended'")
    assert client.as_(GRACE).post(f"/api/v1/jobs/{done['id']}/approve").status_code == 202
    work()
    done = job(db, done["id"])
    assert (done["status"], done["result"]["Counts"]["closed"]) == ("completed", 12)
    assert open_enrolments(site) == 1


def to_be_deleted(file, rows):
    gone = [row | {"status": "tobedeleted"} for row in as_delta(rows)]
    return package({file: gone}, **{file: "delta"})


@pytest.mark.parametrize(
    ("file", "action"), [("users", "disable"), ("roles", "close"), ("enrollments", "close")]
)
def test_a_delta_that_takes_most_away_waits_for_a_second_person(
    imported, site, client, work, db, file, action
):
    imported(package(lesson()))
    done = imported(to_be_deleted(file, lesson()[file][:12]))
    assert (done["status"], done["error_code"]) == ("suspended", "threshold_exceeded")
    assert f"{action} 12 of 13" in done["error_message"]
    assert set(states(site).values()) == {"active"}
    assert open_enrolments(site) == 13
    ask(site, "UPDATE jobs SET requested_by = 'somebody' WHERE status = 'suspended'")
    assert client.as_(GRACE).post(f"/api/v1/jobs/{done['id']}/approve").status_code == 202
    work()
    done = job(db, done["id"])
    assert done["status"] == "completed", done
    assert done["result"]["Counts"]["disabled" if action == "disable" else "closed"] == 12


def test_a_row_that_a_delta_closes_is_reported_as_closed_and_closed_once(imported, lines, site):
    imported(package(district()))
    body = to_be_deleted("enrollments", district()["enrollments"][:1])
    done = imported(body)
    assert lines(done["id"]) == [("enrollments", 2, "closed", [])]
    assert lines(done["id"], action="closed") == lines(done["id"])
    assert done["result"]["Files"] == {"enrollments": {"closed": 1}}
    assert trail(site, done["id"]) == ["oneroster_import.requested", "roster.imported"]
    assert open_enrolments(site) == 2
    again = imported(body)
    assert (counts(again)["unchanged"], again["result"]["Counts"]["closed"]) == (1, 0)


@pytest.mark.parametrize("file", ["roles", "enrollments"])
def test_each_file_counts_by_itself(imported, file):
    """Of all rows together it would be few."""
    imported(package(lesson(30)))
    done = imported(package({file: lesson(30)[file][:-10]}))
    assert done["error_code"] == "threshold_exceeded"


def test_a_plan_is_stale_when_other_rows_would_be_closed(imported, site):
    imported(package(lesson()))
    few = {"enrollments": lesson()["enrollments"][:-3]}
    plan = imported(package(few), dry_run="true")
    ask(site, "UPDATE enrollments SET status = 'tobedeleted' WHERE sourced_id = 'ex9'")
    ask(site, "UPDATE enrollments SET sourced_id = 'new' WHERE sourced_id = 'ex8'")
    done = imported(package(few), plan_id=plan["id"])
    assert (done["status"], done["error_code"]) == ("failed", "plan_stale")
    assert imported(package(few))["result"]["Counts"]["closed"] == 2


def test_a_row_that_cannot_be_read_makes_nobody_a_leaver(imported, site):
    imported(package(district()))
    files = district()
    del files["users"][2]["sourcedId"]
    done = imported(package(files))
    assert counts(done)["disabled"] == 0
    assert "not judged" in done["result"]["Absentees"]
    assert set(states(site).values()) == {"active"}


def test_a_delta_touches_only_its_rows(imported, site):
    imported(package(district()))
    users = [person("u-ada", "S2028001", grades="11", familyName="Byron")]
    done = imported(package({"users": as_delta(users)}, users="delta"))
    assert counts(done) == {"created": 0, "updated": 1, "unchanged": 0} | NOBODY_ELSE
    assert set(states(site).values()) == {"active"}


def test_who_is_to_be_deleted_in_a_delta_leaves(imported, site):
    imported(package(district()))
    users = as_delta([person("u-ada", "S2028001")])
    users[0]["status"] = "tobedeleted"
    done = imported(package({"users": users}, users="delta"))
    assert counts(done)["disabled"] == 1
    assert states(site)["S2028001"] == "disabled"
    assert counts(imported(package({"users": users}, users="delta")))["unchanged"] == 1


def test_people_are_matched_by_the_id_of_the_district_and_then_by_sourced_id(
    imported, site, db, work
):
    from tests.people import ADA
    from tests.pipeline import submit

    submit(db, "create_student", ADA)
    work()
    files = changed("users", 0, **{"metadata.graduationYear": "2028"})
    assert counts(imported(package(files)))["updated"] == 1
    assert ask(site, "SELECT username, sourced_id FROM users WHERE student_id = 'S2028001'") == [
        ("alovelace8001", "u-ada")
    ]
    files["users"][0]["identifier"] = "S2028999"
    done = imported(package(files))
    assert counts(done)["rejected"] == 3
    assert counts(done)["disabled"] == 0


def test_nothing_secret_is_staged(imported, site):
    files = changed("users", 0, password="Hunter2!", sms="555-0199", email="ada@home.example")
    files["userProfiles"] = [
        {"sourcedId": "p1", "userSourcedId": "u-ada", "profileType": "x", "vendorId": "v"}
        | {"credentialType": "basic", "username": "secret-name", "password": "Hunter3!"}
    ]
    files["demographics"] = [{"sourcedId": "u-ada", "birthDate": "2010-12-10", "sex": "female"}]
    done = imported(package(files))
    assert counts(done)["skipped"] == 2
    ((staged,),) = ask(site, "SELECT string_agg(record::text, ' ') FROM import_rows")
    for secret in ("Hunter", "555-0199", "home.example", "secret-name", "2010-12-10", "female"):
        assert secret not in staged


def test_an_open_role_of_a_new_person_is_needed(imported, lines):
    files = district()
    files["users"].append(person("u-new", "S1", grades="09"))
    files["roles"].append(role("r-new", "u-new", "guardian"))
    files["users"].append(person("u-none", "S2", grades="09"))
    done = imported(package(files))
    assert [t for t in lines(done["id"]) if t[0] == "users" and t[3]] == [
        ("users", 5, "skipped", ["role_out_of_scope"]),
        ("users", 6, "rejected", ["role_missing"]),
    ]
