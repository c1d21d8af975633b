"""Who is who in a package: what is matched, what is refused, and what a person must decide."""

import pytest

from coreskills.actions.oneroster_import import request_oneroster_import
from coreskills.domain.people import Planned
from tests.oneroster import as_delta, changed, district, package, person, role
from tests.people import ADA, JEAN
from tests.pipeline import GRACE, NOWHERE, ask, job, submit


@pytest.fixture
def told(db, work, site):
    """Import a package: what became of the row of users.csv in this line."""

    def act(body, line=2):
        done = request_oneroster_import(
            db, NOWHERE, GRACE, [body], filename="r.zip", planned=Planned()
        )
        work()
        assert job(db, done.job_id)["status"] == "completed", job(db, done.job_id)
        ((action, faults),) = ask(
            site,
            "SELECT action, faults FROM import_results JOIN import_rows USING (job_id, line)"
            f" WHERE job_id = {done.job_id} AND file = 'users' AND file_line = {line}",
        )
        return action, [(fault["at"], fault["code"]) for fault in faults or []]

    return act


def users(*people, **modes):
    """Only these people, as a delta, each with a primary role."""
    roles = [
        role(f"r-{one['sourcedId']}", one["sourcedId"], one.pop("role", "student"))
        for one in people
    ]
    files = {"users": as_delta(list(people)), "roles": as_delta(roles)}
    return package(files, users="delta", roles="delta")


WRONG = {
    "no grade": ({"grades": None}, ("grades", "grade_missing")),
    "no id": ({"identifier": None}, ("identifier", "identifier_missing")),
    "an id of 33 characters": ({"identifier": "x" * 33}, ("identifier", "identifier")),
    "a digit in a name": ({"givenName": "4da"}, ("givenName", "name_character")),
    "a name of marks": ({"familyName": "-"}, ("familyName", "name_letters")),
    "a year out of range": (
        {"metadata.graduationYear": "1999"},
        ("metadata.graduationYear", "greater_than_equal"),
    ),
    "a year that is none": (
        {"metadata.graduationYear": "soon"},
        ("metadata.graduationYear", "int_type"),
    ),
}


@pytest.mark.parametrize("why", WRONG)
def test_a_row_that_stands_for_nobody_is_rejected(told, why):
    values, fault = WRONG[why]
    assert told(package(changed("users", 0, **values))) == ("rejected", [fault])


def test_roles_of_both_kinds_are_for_a_person_to_decide(told):
    files = district()
    files["roles"].append(role("r-2", "u-ada", "teacher", org="south"))
    assert told(package(files)) == ("rejected", [("sourcedId", "role_conflict")])


def test_a_secondary_role_changes_nobody(told):
    files = district()
    files["roles"].append(role("r-2", "u-ada", "aide", org="south") | {"roleType": "secondary"})
    assert told(package(files)) == ("created", [])
    assert told(package(files)) == ("unchanged", [])


def test_a_teacher_with_a_child_at_the_school_is_a_teacher(told, site):
    files = district()
    files["roles"].append(role("r-2", "u-ivan", "parent", org="south"))
    assert told(package(files), line=4) == ("created", [])
    assert ask(site, "SELECT user_type FROM users WHERE employee_id = 'E100'") == [("staff",)]


def test_the_id_may_stand_among_the_other_ids(told, site):
    ids = "{mail:x},{studentId:S77}"
    assert told(package(changed("users", 0, userIds=ids))) == ("created", [])
    assert ask(site, "SELECT student_id FROM users WHERE sourced_id = 'u-ada'") == [("S77",)]


def test_who_is_new_and_not_enabled_gets_no_account_yet(told):
    body = package(changed("users", 0, enabledUser="false"))
    assert told(body) == ("skipped", [("enabledUser", "user_not_enabled")])


def test_who_is_known_stays_as_they_are_when_not_enabled(told):
    told(package(district()))
    assert told(package(changed("users", 0, enabledUser="false"))) == ("unchanged", [])


def test_a_name_that_two_people_share_makes_two_people(told, site):
    files = district()
    files["users"].append(person("u-ada2", "S2038001", grades="10"))
    files["roles"].append(role("r-ada2", "u-ada2"))
    assert told(package(files), line=5) == ("created", [])
    names = ask(site, "SELECT username FROM users WHERE last_name = 'Lovelace' ORDER BY id")
    assert names == [("alovelace8001",), ("alovelace80012",)]


def test_an_id_of_the_district_is_not_changed_by_a_roster(told):
    told(package(district()))
    body = package(changed("users", 0, identifier="S999"))
    assert told(body) == ("rejected", [("identifier", "identifier_differs")])


def test_an_id_of_somebody_else_is_not_taken(told, db, work):
    submit(db, "create_student", ADA | {"student_id": "S999"})
    work()
    told(package(district()))
    body = package(changed("users", 0, identifier="S999"))
    assert told(body) == ("rejected", [("identifier", "duplicate_person")])


def test_a_person_who_is_new_in_the_school_s_system_is_for_a_person_to_decide(told, site):
    told(package(district()))
    new = users(person("u-other", "S2028001", grades="11"))
    assert told(new) == ("rejected", [("sourcedId", "sourced_id_differs")])
    assert ask(site, "SELECT sourced_id FROM users WHERE student_id = 'S2028001'") == [("u-ada",)]


def test_who_stands_in_a_bulk_file_under_another_sourced_id_is_no_absentee(told, site):
    told(package(district()))
    body = package(changed("users", 0, sourcedId="u-other", primaryOrgSourcedId=None))
    roles = district()
    roles["users"][0]["sourcedId"] = roles["roles"][0]["userSourcedId"] = "u-other"
    assert told(package(roles)) == ("rejected", [("sourcedId", "sourced_id_differs")])
    assert told(body)[0] == "rejected"
    assert ask(site, "SELECT DISTINCT state FROM users") == [("active",)]


def test_a_pupil_does_not_become_a_teacher_by_a_roster(told):
    told(package(district()))
    turned = users(person("u-ada", "S2028001") | {"role": "teacher"})
    assert told(turned) == ("rejected", [("sourcedId", "kind_differs")])


def test_staff_keep_department_and_title_that_a_roster_does_not_know(told, db, work, site):
    submit(db, "create_staff", JEAN)
    work()
    told(package(district()))  # brings the orgs
    same = person("u-jean", JEAN["employee_id"])
    same |= {"givenName": JEAN["first_name"], "familyName": JEAN["last_name"], "role": "teacher"}
    assert told(users(same)) == ("updated", [])  # the sourcedId
    kept = "SELECT department, role FROM users WHERE sourced_id = 'u-jean'"
    assert ask(site, kept) == [(JEAN["department"], JEAN["role"])]


def test_who_was_disabled_by_a_person_is_neither_restored_nor_made_a_leaver(told, db, work, site):
    told(package(district()))
    submit(db, "disable_account", {"user_id": 1, "reason": "security"})
    work()
    assert told(package(district())) == ("unchanged", [])
    gone = as_delta([person("u-ada", "S2028001")])
    gone[0]["status"] = "tobedeleted"
    assert told(package({"users": gone}, users="delta")) == ("unchanged", [])
    assert ask(site, "SELECT disable_reason FROM users WHERE id = 1") == [("security",)]


def test_who_was_archived_as_a_leaver_comes_back(told, db, work, site):
    told(package(district()))
    submit(db, "disable_account", {"user_id": 1, "reason": "leaver"})
    work()
    submit(db, "archive_account", {"user_id": 1})
    work()
    assert told(package(changed("users", 0, grades="12"))) == ("updated", [])
    found = "SELECT state, grade_level, username, disabled_at FROM users WHERE id = 1"
    assert ask(site, found) == [("active", 12, "alovelace8001", None)]


def test_who_was_archived_by_a_person_stays_so(told, db, work):
    told(package(district()))
    submit(db, "disable_account", {"user_id": 1, "reason": "admin"})
    work()
    submit(db, "archive_account", {"user_id": 1})
    work()
    assert told(package(district())) == ("skipped", [("sourcedId", "account_archived")])
