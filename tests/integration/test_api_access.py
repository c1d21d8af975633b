"""Who may do what: every route and every principal, against a table written by hand."""

import re
from types import SimpleNamespace

import pytest
from apiflask import APIBlueprint

from coreskills.api import permissions
from coreskills.api.permissions import permission_of
from coreskills.domain.access import PERMISSIONS
from coreskills.server import MODULES, create_app
from tests.people import ADA, GRACE, IVAN, MALLORY, ROBO, SAM
from tests.problems import contents, refused

ALL = {SAM, IVAN, ROBO, GRACE}
LEADERS = {IVAN, GRACE}
WRITERS = {IVAN, ROBO, GRACE}
ADMIN = {GRACE}
ANYBODY = ALL | {MALLORY, None}
GOLDEN = {
    "GET /health": ANYBODY,
    "GET /health/ready": ANYBODY,
    "GET /health/live": ANYBODY,
    "GET /metrics": ANYBODY,
    "GET /openapi.json": ANYBODY,
    "GET /docs": ANYBODY,
    "GET /docs/<path:name>": ANYBODY,
    "POST /api/v1/auth/login": ANYBODY,
    "POST /api/v1/auth/refresh": ANYBODY,
    "POST /api/v1/auth/logout": ALL,
    "GET /api/v1/auth/me": ALL,
    "GET /api/v1/tokens": ALL,
    "POST /api/v1/tokens": ALL,
    "DELETE /api/v1/tokens/<int:id>": ALL,
    "GET /api/v1/operators": ADMIN,
    "POST /api/v1/operators": ADMIN,
    "PATCH /api/v1/operators/<int:id>": ADMIN,
    "GET /api/v1/users": ALL,
    "GET /api/v1/users/<int:id>": ALL,
    "PATCH /api/v1/users/<int:id>": WRITERS,
    "DELETE /api/v1/users/<int:id>": WRITERS,
    "GET /api/v1/users/<int:id>/lifecycle": ALL,
    "POST /api/v1/users/<int:id>/activate": WRITERS,
    "POST /api/v1/users/<int:id>/update": WRITERS,
    "POST /api/v1/users/<int:id>/rename": WRITERS,
    "POST /api/v1/users/<int:id>/move": WRITERS,
    "POST /api/v1/users/<int:id>/suspend": WRITERS,
    "POST /api/v1/users/<int:id>/resume": WRITERS,
    "POST /api/v1/users/<int:id>/disable": WRITERS,
    "POST /api/v1/users/<int:id>/restore": WRITERS,
    "POST /api/v1/users/<int:id>/archive": WRITERS,
    "POST /api/v1/users/<int:id>/purge": ADMIN,
    "POST /api/v1/users/<int:id>/test": WRITERS,
    "POST /api/v1/users/<int:id>/reset-password": LEADERS,
    "POST /api/v1/users/<int:id>/password": LEADERS,
    "GET /api/v1/schools": ALL,
    "GET /api/v1/schools/<int:id>": ALL,
    "POST /api/v1/schools": WRITERS,
    "PATCH /api/v1/schools/<int:id>": WRITERS,
    "GET /api/v1/groups": ALL,
    "GET /api/v1/groups/<int:id>": ALL,
    "POST /api/v1/groups": LEADERS,
    "PATCH /api/v1/groups/<int:id>": LEADERS,
    "DELETE /api/v1/groups/<int:id>": LEADERS,
    "GET /api/v1/groups/<int:id>/members": ALL,
    "PUT /api/v1/groups/<int:id>/members/<int:user_id>": LEADERS,
    "DELETE /api/v1/groups/<int:id>/members/<int:user_id>": LEADERS,
    "GET /api/v1/licences": ALL,
    "GET /api/v1/licences/<int:id>": ALL,
    "POST /api/v1/licences": LEADERS,
    "PATCH /api/v1/licences/<int:id>": LEADERS,
    "DELETE /api/v1/licences/<int:id>": LEADERS,
    "GET /api/v1/licences/<int:id>/assignments": ALL,
    "GET /api/v1/cohorts": ALL,
    "POST /api/v1/cohorts/promote": LEADERS,
    "POST /api/v1/cohorts/graduate": LEADERS,
    "PATCH /api/v1/lifecycle/steps/<event>/<user_type>/<int:position>": ADMIN,
    "GET /api/v1/lifecycle/steps": ALL,
    "GET /api/v1/lifecycle/clock": ALL,
    "POST /api/v1/lifecycle/clock": ADMIN,
    "POST /api/v1/users/student": WRITERS,
    "POST /api/v1/users/staff": WRITERS,
    "GET /api/v1/students": ALL,
    "GET /api/v1/students/<student_id>": ALL,
    "POST /api/v1/students": WRITERS,
    "GET /api/v1/staff": ALL,
    "GET /api/v1/staff/<employee_id>": ALL,
    "POST /api/v1/staff": WRITERS,
    "GET /api/v1/devices": ALL,
    "GET /api/v1/devices/<device_id>": ALL,
    "POST /api/v1/devices": WRITERS,
    "PATCH /api/v1/devices/<device_id>": WRITERS,
    "DELETE /api/v1/devices/<device_id>": WRITERS,
    "GET /api/v1/devices/held-by-leavers": ALL,
    "GET /api/v1/devices/<device_id>/assignments": ALL,
    "GET /api/v1/users/<int:id>/devices": ALL,
    "POST /api/v1/devices/<device_id>/facts": WRITERS,
    "GET /api/v1/devices/<device_id>/compliance": ALL,
    "GET /api/v1/policies/<int:id>/results": ALL,
    "GET /api/v1/compliance": ALL,
    "GET /api/v1/policies": ALL,
    "GET /api/v1/policies/<int:id>": ALL,
    "POST /api/v1/policies": LEADERS,
    "PATCH /api/v1/policies/<int:id>": LEADERS,
    "DELETE /api/v1/policies/<int:id>": LEADERS,
    "GET /api/v1/jobs": ALL,
    "POST /api/v1/jobs": ALL,
    "POST /api/v1/jobs/batch": ALL,
    "GET /api/v1/jobs/<int:id>": ALL,
    "POST /api/v1/jobs/<int:id>/cancel": WRITERS,
    "POST /api/v1/jobs/<int:id>/retry": WRITERS,
    "GET /api/v1/jobs/<int:id>/rows": ALL,
    "GET /api/v1/jobs/<int:id>/trace": ALL,
    "POST /api/v1/jobs/<int:id>/approve": LEADERS,
    "GET /api/v1/thresholds": ALL,
    "PUT /api/v1/thresholds/<job_type>/<action>": ADMIN,
    "GET /api/v1/freeze-windows": ALL,
    "POST /api/v1/freeze-windows": ADMIN,
    "DELETE /api/v1/freeze-windows/<int:id>": ADMIN,
    "GET /api/v1/audit/head": LEADERS,
    "GET /api/v1/users/<int:id>/disclosures": LEADERS,
    "POST /api/v1/users/<int:id>/export": ADMIN,
    "PUT /api/v1/users/<int:id>/legal-hold": ADMIN,
    "POST /api/v1/exports/<int:id>/collect": ADMIN,
    "GET /api/v1/retention": ALL,
    "PATCH /api/v1/retention/<entity>": ADMIN,
    "POST /api/v1/imports": WRITERS,
    "POST /api/v1/imports/oneroster": WRITERS,
    "POST /api/v1/exports/oneroster": {ROBO, GRACE},
    "GET /api/v1/exports/<int:id>/package.zip": {ROBO, GRACE},
    "GET /api/v1/imports/<int:id>/rows": ALL,
    "GET /api/v1/imports/<int:id>/rejected.csv": ALL,
    "GET /api/v1/audit": LEADERS,
    "GET /api/v1/audit/<int:id>": LEADERS,
}
ROLES = {SAM: "student", IVAN: "instructor", ROBO: "service", GRACE: "admin"}
STRANGERS = (MALLORY, None)


def routes(app):
    for rule in app.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            yield f"{method} {rule.rule}", app.view_functions[rule.endpoint]


def test_the_table_has_every_route_and_no_other(client):
    served = {route for route, _ in routes(client.app) if not route.startswith("GET /static")}
    pages = {route for route in served if not _of_the_api(route)}
    assert served - pages == set(GOLDEN)


def test_what_a_route_declares_is_what_the_table_says(client):
    declared = {}
    for route, view in routes(client.app):
        permission = permission_of(view)
        if permission == permissions.PUBLIC:
            declared[route] = ANYBODY
        else:
            declared[route] = {name for name in ALL if ROLES[name] in PERMISSIONS[permission]}
    assert {route: declared[route] for route in GOLDEN} == GOLDEN


def test_every_request_is_answered_by_the_table(client, site):
    """Nothing is there, so who may pass gets 404, 415 or 422; the others never get so far."""
    before = contents(site)
    wrong = []
    for route, allowed in GOLDEN.items():
        method, rule = route.split()
        for name in (*ALL, *STRANGERS):
            answer = client.as_(name).request(method, _nowhere(rule))
            expected = None if name in allowed else 401 if name in STRANGERS else 403
            seen = answer.status_code if answer.status_code in (401, 403) else None
            if seen != expected:
                wrong.append((route, name, answer.status_code, expected))
    assert not wrong, "\n".join(map(str, wrong))
    assert contents(site) == before


def test_a_stranger_is_told_how_to_get_a_token_and_nothing_else(client):
    for name in STRANGERS:
        answer = client.as_(name).get("/api/v1/users")
        refused(answer, 401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="coreskills"'


def test_somebody_without_the_right_is_told_which_one_it_needs(client, site):
    before = contents(site)
    for name, path, body in (
        (SAM, "/api/v1/users/student", ADA),
        (SAM, "/api/v1/users/student", {"wrong": "body"}),
        (ROBO, "/api/v1/policies", {"policy_name": "p"}),
        (IVAN, "/api/v1/operators", {"username": "ivan2", "role": "admin"}),
    ):
        problem = refused(client.as_(name).post(path, json=body), 403, "forbidden")
        assert ROLES[name] in problem["detail"]
        assert "needs" in problem["detail"]
    assert contents(site) == before


def test_a_student_may_submit_the_self_test_and_no_other_job(client, site):
    assert client.as_(SAM).post("/api/v1/jobs", json={"type": "self_test"}).status_code == 202
    before = contents(site)
    for body in (
        {"type": "create_student", "data": ADA},
        {"type": "disable_account", "data": {"user_id": 1}},
        {"type": "sweep_expired"},
    ):
        refused(client.as_(SAM).post("/api/v1/jobs", json=body), 403, "forbidden")
    assert contents(site) == before


def test_an_address_of_nothing_is_404_also_to_a_stranger(client):
    refused(client.as_(None).get("/api/v1/nothing"), 404, "not_found")


def test_a_route_without_a_permission_stops_the_app_from_starting(db, queue, settings):
    blueprint = APIBlueprint("secrets", __name__)
    blueprint.get("/forgotten")(lambda: "secret")
    with pytest.raises(RuntimeError, match="secrets"):
        create_app(db, queue, settings, [*MODULES, SimpleNamespace(blueprint=blueprint)])


def test_a_permission_that_nobody_knows_cannot_be_declared():
    with pytest.raises(KeyError, match="people\\.erase"):
        permissions.requires("people.erase")


def test_everyone_sees_and_revokes_only_their_own_tokens(client):
    made = client.as_(IVAN).post("/api/v1/tokens", json={"name": "laptop"})
    assert made.status_code == 201
    refused(client.as_(SAM).delete(f"/api/v1/tokens/{made.json['id']}"), 404, "not_found")
    refused(client.as_(GRACE).delete(f"/api/v1/tokens/{made.json['id']}"), 404, "not_found")
    names = [t["name"] for t in client.as_(SAM).get("/api/v1/tokens").json["tokens"]]
    assert names == ["start"]
    assert client.as_(IVAN).delete(f"/api/v1/tokens/{made.json['id']}").status_code == 204


def _of_the_api(route):
    return route.split()[1].startswith(("/api/", "/health", "/metrics", "/docs", "/openapi"))


def _nowhere(rule):
    return re.sub("<[^>]+>", "777", rule)
