"""No change without its line in the trail: every route that changes something, and every kind of
job, is driven here. Who adds one, adds it to tests/changes."""

import re
from pathlib import Path

import pytest

from coreskills.api.permissions import PUBLIC, permission_of
from coreskills.worker.handlers import HANDLERS
from tests.changes import CHANGE, REASON, files, sending
from tests.people import ADA, GRACE, IVAN, PASSWORD
from tests.pipeline import ask, job
from tests.problems import contents

CASES = {route: case for topic in files() for route, case in topic.CASES.items()}
KINDS = {kind: case for topic in files() for kind, case in topic.KINDS.items()}
WORDS = Path(__file__).parents[2] / "docs" / "explanation" / "audit-and-privacy.md"
SESSIONS = {"POST /api/v1/auth/logout"}  # its line: test_api_sessions.py


@pytest.fixture
def district(client, work, site):
    """One of everything."""

    def made(path, body, method="POST"):
        return client.request(method, f"/api/v1/{path}", json=body).get_json(silent=True)

    made("users/student", ADA)
    made("users/student", ADA | {"student_id": "S50"})
    work()
    places = {}
    for topic in reversed(files()):
        places |= getattr(topic, "prepare", lambda made, work: {})(made, work)
    waits = client.as_(IVAN).post("/api/v1/jobs", json={"type": "self_test"}).json["job_id"]
    ask(site, f"UPDATE jobs SET status = 'suspended' WHERE id = {waits}")
    client.post(f"/api/v1/jobs/{places['cancelled']}/cancel")
    return places | {"suspended": waits}


def changing(app):
    """Every route that may change something, with who is asking known."""
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"GET", "HEAD", "OPTIONS"}
        if permission_of(app.view_functions[rule.endpoint]) != PUBLIC
    }


def lines(site):
    return ask(
        site,
        "SELECT action, actor, request_id, details, job_id, resource_id, resource_type, user_id"
        " FROM audit_logs ORDER BY id",
    )


def test_every_route_that_changes_something_is_driven_here(client):
    assert changing(client.app) - SESSIONS == set(CASES)


@pytest.mark.parametrize("route", CASES)
def test_a_change_tells_who_what_before_after_why_and_under_which_request(
    client, district, site, route
):
    case, method = CASES[route], route.split()[0]
    before = lines(site)
    headers = {"If-Match": "*", "X-Reason": REASON.encode().decode("latin-1")}
    path = f"/api/v1/{case.path.format(**district)}"
    answer = client.request(method, path, headers=headers, **sending(case.body))
    assert answer.status_code < 300, answer.text
    ((action, actor, request, details, *_),) = lines(site)[len(before) :]
    assert (action, actor) == (case.action, "admin:grace")
    assert request == answer.headers["X-Request-ID"]
    assert set(details) == case.details
    assert details["why"] == REASON
    if case.details >= CHANGE:
        assert details["before"] != details["after"]


def test_a_reason_of_several_lines_is_refused_and_nothing_happens(client, district, site):
    before = contents(site)
    for bad in ("x" * 201, "a\u0085b"):
        answer = client.post(
            "/api/v1/tokens",
            json={"name": "n"},
            headers={"X-Reason": bad.encode().decode("latin-1")},
        )
        assert answer.status_code == 422, bad
    assert contents(site) == before


def test_every_kind_of_job_is_driven_here():
    assert set(HANDLERS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_tells_who_what_and_for_which_job_and_request(client, db, district, work, site, kind):
    case = KINDS[kind]
    if kind == "retention_sweep":
        client.post("/api/v1/lifecycle/clock", json={"days": 3000})
    for each in case.first:
        reason = {"reason": "leaver"} if each == "disable_account" else {}
        client.post("/api/v1/jobs", json={"type": each, "data": {"user_id": 1} | reason})
        work()
    path, body = case.file or ("jobs", {"type": kind, "data": case.asked})
    answer = client.post(f"/api/v1/{path}", **sending(body))
    assert answer.status_code == 202, answer.text
    id, request = answer.json["job_id"], answer.headers["X-Request-ID"]
    work()
    found = [line for line in lines(site) if line[4] == id and not line[0].startswith("audit.")]
    assert all(line[1:3] == ("admin:grace", request) for line in found)
    expected = [f"{kind}.requested", *([case.action] if case.action else [])]
    assert list(dict.fromkeys(line[0] for line in found)) == expected
    if case.action:
        assert set(found[-1][3]) >= case.tells
    if "why" in case.asked:
        assert found[-1][3]["why"] == REASON
    assert job(db, id)["status"] == "completed"


def test_every_word_of_the_trail_is_explained():
    rows = re.findall(r"^\| ([a-z_, ]+) \| ([a-z_, ]+) \|$", WORDS.read_text("utf-8"), re.M)
    explained = {
        f"{thing}.{event}"
        for things, events in rows
        for thing in things.split(", ")
        for event in events.split(", ")
    }
    told = {case.action for case in (*CASES.values(), *KINDS.values()) if case.action}
    assert {one for one in told if not one.endswith(".requested")} <= explained


def test_a_login_and_its_end_have_their_lines(client, site):
    login = {"username": GRACE, "password": PASSWORD}
    grant = client.as_(None).post("/api/v1/auth/login", json=login).json
    bearer = {"Authorization": f"Bearer {grant['access_token']}"}
    assert client.post("/api/v1/auth/logout", headers=bearer).status_code < 300
    assert [line[0] for line in lines(site)] == ["login.accepted", "logout"]
