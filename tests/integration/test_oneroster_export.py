"""Everybody as a OneRoster package: read again it changes nothing, and somebody is named for it."""

import csv
import io
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coreskills.actions import jobs as job_actions
from coreskills.actions.jobs import Work
from coreskills.actions.oneroster_import import request_oneroster_import
from coreskills.domain.people import Planned
from coreskills.store import oneroster
from tests.oneroster import district, enrolment, package, person, role
from tests.people import ADA, GRACE, IVAN, JEAN, ROBO
from tests.pipeline import GRACE as ASKING
from tests.pipeline import NOWHERE, ask, job, submit, trail
from tests.problems import refused

PURPOSE = {"purpose": "the library's system", "party": "Shelfwise"}


@pytest.fixture
def bring(db, work):
    """Import a package, and return the job."""

    def act(body):
        done = request_oneroster_import(
            db, NOWHERE, ASKING, [body], filename="r.zip", planned=Planned()
        )
        work()
        return job(db, done.job_id)

    return act


@pytest.fixture
def take(db, work):
    """Export everybody, and return the package."""

    def act():
        done = job_actions.submit(db, NOWHERE, ASKING, Work("oneroster_export", PURPOSE))
        work()
        assert job(db, done.job_id)["status"] == "completed", job(db, done.job_id)
        with db.reading() as conn:
            part = oneroster.select_part(conn, done.job_id, 0)
        assert part is not None
        return part

    return act


def read(body, file):
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return list(csv.DictReader(io.StringIO(archive.read(f"{file}.csv").decode())))


def untouched(done):
    """How many rows were read, when all of them are unchanged."""
    counts, files = done["result"]["Counts"], done["result"]["Files"]
    assert done["status"] == "completed", done
    others = ("created", "updated", "skipped", "rejected", "disabled")
    assert {name: counts[name] for name in others} == dict.fromkeys(others, 0), files
    return counts["unchanged"]


def test_oneroster_export_is_asked_for_made_and_fetched(client, bring, work, site):
    bring(package(district()))
    answer = client.as_(GRACE).post("/api/v1/exports/oneroster", json=PURPOSE)
    assert answer.status_code == 202
    id = answer.json["job_id"]
    refused(client.as_(GRACE).get(f"/api/v1/exports/{id}/package.zip"), 409, "state_conflict")
    work()
    fetched = client.as_(GRACE).get(f"/api/v1/exports/{id}/package.zip")
    assert fetched.content_type == "application/zip"
    assert [user["username"] for user in read(fetched.data, "users")] == [
        "alovelace8001",
        "ivan.obrien",
        "jnunez0001",
    ]
    ((party, purpose, people, fields),) = ask(
        site, f"SELECT party, purpose, people, fields FROM disclosures WHERE job_id = {id}"
    )
    assert (party, purpose, people) == ("Shelfwise", "the library's system", 3)
    assert {"givenName", "identifier", "email", "grades"} <= set(fields)
    assert not {"password", "sms"} & set(fields)


def test_an_export_needs_a_purpose_and_an_admin(client):
    path = "/api/v1/exports/oneroster"
    refused(client.as_(GRACE).post(path, json={}), 422, "validation_failed")
    refused(client.as_(IVAN).post(path, json=PURPOSE), 403, "forbidden")
    data = {"type": "oneroster_export", "data": PURPOSE}
    refused(client.as_(IVAN).post("/api/v1/jobs", json=data), 403, "forbidden")


def test_what_was_imported_comes_out_as_it_came_in(bring, take):
    bring(package(district()))
    body = take()
    for file, rows in district().items():
        found = {row["sourcedId"]: row for row in read(body, file)}
        assert set(found) == {row["sourcedId"] for row in rows}
        for row in rows:
            kept = {n: v for n, v in row.items() if n not in ("username", "primaryOrgSourcedId")}
            assert {name: found[row["sourcedId"]][name] for name in kept} == kept


def test_an_export_read_again_changes_nothing(bring, take):
    bring(package(district()))
    assert untouched(bring(take())) == 16


def test_people_who_never_came_from_a_roster_go_out_and_come_back(db, bring, take, work, site):
    submit(db, "create_student", ADA)
    submit(db, "create_staff", JEAN)
    work()
    assert untouched(bring(take())) == 5  # an org, two people, two roles
    assert ask(site, "SELECT count(*) FROM orgs") == [(0,)]


def test_leavers_are_not_handed_out(bring, take):
    less = district()
    bring(package(less))
    for file in ("users", "roles", "enrollments"):
        less[file] = less[file][1:]
    bring(package(less))
    body = take()
    assert len(read(body, "users")) == 2
    assert len(read(body, "enrollments")) == 2


def test_a_package_is_forgotten_after_a_day(db, bring, take, work, site, client):
    bring(package(district()))
    take()
    ask(site, "UPDATE jobs SET completed_at = now() - interval '25 hours'")
    submit(db, "sweep_expired")
    work()
    refused(client.as_(GRACE).get("/api/v1/exports/2/package.zip"), 404, "not_found")


NAME = st.text("abcdefghijklmnopqrstuvwxyzáñß'- ", min_size=1, max_size=12).map(
    lambda text: f"X{text}".strip()
)
PUPIL = st.tuples(NAME, NAME, st.integers(9, 12), st.sampled_from(["north", "south"]))


@given(st.lists(PUPIL, min_size=1, max_size=6), st.integers(0, 3))
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_right_roster_comes_in_goes_out_and_comes_back_unchanged(bring, take, pupils, taught):
    """One database for all of them, so that each also makes leavers of the one before."""
    roster = district()
    for n, (given_name, family, grade, school) in enumerate(pupils):
        id, key = f"x{n}", f"S77{n:05}"
        names = {"givenName": given_name, "familyName": family}
        roster["users"].append(person(id, key, grades=f"{grade:02}", **names))
        roster["roles"].append(role(f"rx{n}", id, org=school))
    for n in range(min(taught, len(pupils))):
        roster["enrollments"].append(enrolment(f"ex{n}", f"x{n}"))
    first = bring(package(roster))
    assert (first["status"], first["result"]["Counts"]["rejected"]) == ("completed", 0)
    rows = sum(len(part) for part in roster.values())
    assert untouched(bring(package(roster))) == rows
    assert untouched(bring(take())) == rows


def test_the_trail_tells_of_an_export_once(bring, take, site):
    bring(package(district()))
    take()
    assert trail(site, 2) == ["oneroster_export.requested", "roster.exported"]


def test_who_fetches_a_package_is_in_the_trail(client, bring, work, site):
    bring(package(district()))
    id = client.as_(GRACE).post("/api/v1/exports/oneroster", json=PURPOSE).json["job_id"]
    work()
    assert client.as_(ROBO).get(f"/api/v1/exports/{id}/package.zip").status_code == 200
    fetched = "SELECT actor, job_id FROM audit_logs WHERE action = 'export.downloaded'"
    assert ask(site, fetched) == [("service:robo", id)]
