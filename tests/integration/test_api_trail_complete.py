"""No change without its line in the trail: every route that changes something, and every kind of
job, is driven here. Who adds one, adds it here."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from coreskills.api.permissions import PUBLIC, permission_of
from coreskills.worker.handlers import HANDLERS
from tests.oneroster import as_delta, package, person
from tests.people import ADA, GRACE, IVAN, JEAN, PASSWORD
from tests.pipeline import ask, job, polling_worker
from tests.problems import contents

REASON = "the board wants it: déjà vu"
LAPTOP = {"device_id": "LT-1", "device_name": "n", "device_type": "laptop", "platform": "linux"}
LOCK = {"policy_name": "p", "policy_type": "security", "description": "d"}
LINUS = {"username": "linus", "role": "student", "password": "a good long password"}
ROSTER = "StudentID,FirstName,LastName,GradeLevel,GraduationYear\nS9,Ada,Byron,9,2030\n"
PACKAGE = package(
    {
        "users": as_delta(
            [
                person("u-ada", ADA["student_id"], grades="11", enabledUser="true")
                | {"givenName": ADA["first_name"], "familyName": ADA["last_name"]}
            ]
        )
    },
    users="delta",
)
WINDOW = {"starts_at": "2030-01-01T00:00:00Z", "ends_at": "2030-01-02T00:00:00Z", "reason": "r"}
EXPORT = {"party": "the mother", "purpose": "she asked"}
WORK = frozenset({"why"})  # of a request for work: what it changes, the job says
NEW = frozenset({"why", "after"})
CHANGE = frozenset({"why", "before", "after"})
GONE = frozenset({"why", "before"})


@dataclass(frozen=True)
class Case:
    action: str
    path: str  # with what `district` made in braces
    body: Any = None
    details: frozenset[str] = CHANGE


CASES = {
    "POST /api/v1/devices": Case("device.registered", "devices", LAPTOP | {"device_id": "X"}, NEW),
    "POST /api/v1/devices/<device_id>/facts": Case(
        "device.checked_in", "devices/LT-1/facts", {"facts": {"DiskEncrypted": True}}
    ),
    "PATCH /api/v1/devices/<device_id>": Case(
        "device.changed", "devices/LT-1", {"device_name": "m"}
    ),
    "DELETE /api/v1/devices/<device_id>": Case("device.retired", "devices/LT-1"),
    "POST /api/v1/policies": Case("policy.set", "policies", LOCK | {"policy_name": "q"}, NEW),
    "PATCH /api/v1/policies/<int:id>": Case("policy.changed", "policies/1", {"enabled": False}),
    "DELETE /api/v1/policies/<int:id>": Case("policy.retired", "policies/1"),
    "POST /api/v1/users/student": Case(
        "create_student.requested", "users/student", ADA | {"student_id": "S2"}, WORK
    ),
    "POST /api/v1/students": Case(
        "create_student.requested", "students", ADA | {"student_id": "S3"}, WORK
    ),
    "POST /api/v1/users/staff": Case("create_staff.requested", "users/staff", JEAN, WORK),
    "POST /api/v1/staff": Case(
        "create_staff.requested", "staff", JEAN | {"employee_id": "E2"}, WORK
    ),
    "PATCH /api/v1/users/<int:id>": Case("user.changed", "users/1", {"first_name": "Augusta"}),
    "DELETE /api/v1/users/<int:id>": Case("disable_account.requested", "users/1", None, WORK),
    "POST /api/v1/users/<int:id>/export": Case(
        "export_person.requested", "users/1/export", EXPORT, WORK
    ),
    "POST /api/v1/exports/<int:id>/collect": Case(
        "export.collected", "exports/{export}/collect", None, WORK
    ),
    "PUT /api/v1/users/<int:id>/legal-hold": Case(
        "user.held", "users/1/legal-hold", {"held": True, "reason": REASON}
    ),
    "PATCH /api/v1/retention/<entity>": Case(
        "retention.changed",
        "retention/jobs",
        {"keep_days": 300, "reason": REASON},
        CHANGE | {"entity"},
    ),
    "POST /api/v1/jobs": Case("self_test.requested", "jobs", {"type": "self_test"}, WORK),
    "POST /api/v1/jobs/batch": Case(
        "self_test.requested", "jobs/batch", {"jobs": [{"type": "self_test"}]}, WORK
    ),
    "POST /api/v1/jobs/<int:id>/cancel": Case("job.cancelled", "jobs/{waiting}/cancel"),
    "POST /api/v1/jobs/<int:id>/retry": Case("job.retried", "jobs/{cancelled}/retry"),
    "POST /api/v1/jobs/<int:id>/approve": Case("job.approved", "jobs/{suspended}/approve"),
    "POST /api/v1/imports": Case("import_users.requested", "imports", ROSTER, WORK),
    "POST /api/v1/imports/oneroster": Case(
        "oneroster_import.requested", "imports/oneroster", PACKAGE, WORK
    ),
    "POST /api/v1/exports/oneroster": Case(
        "oneroster_export.requested", "exports/oneroster", EXPORT, WORK
    ),
    "POST /api/v1/tokens": Case("token.created", "tokens", {"name": "n"}, NEW),
    "DELETE /api/v1/tokens/<int:id>": Case("token.revoked", "tokens/{token}"),
    "POST /api/v1/operators": Case("operator.added", "operators", LINUS, NEW),
    "PATCH /api/v1/operators/<int:id>": Case(
        "operator.changed", "operators/2", {"role": "student"}
    ),
    "POST /api/v1/lifecycle/clock": Case("lifecycle.clock_turned", "lifecycle/clock", {"days": 3}),
    "PUT /api/v1/thresholds/<job_type>/<action>": Case(
        "threshold.changed", "thresholds/graduate_cohort/disable", {"most": 1, "percent": 2}
    ),
    "POST /api/v1/freeze-windows": Case("freeze_window.set", "freeze-windows", WINDOW, NEW),
    "DELETE /api/v1/freeze-windows/<int:id>": Case(
        "freeze_window.removed", "freeze-windows/{window}", None, GONE
    ),
}
SESSIONS = {"POST /api/v1/auth/logout"}  # its line: test_api_sessions.py


@dataclass(frozen=True)
class Kind:
    """`asked` of somebody called {user}; `first` are kinds run on them before. Without `action` the
    job changes nothing of anybody, and says nothing."""

    action: str | None
    asked: dict[str, Any] = field(default_factory=dict)
    first: tuple[str, ...] = ()


HELD = {"device_id": "LT-9"}
LEFT = ("disable_account", "archive_account")
KINDS = {
    "create_student": Kind("student.created", ADA | {"student_id": "S77"}),
    "create_staff": Kind("staff.created", JEAN | {"employee_id": "E77"}),
    "suspend_account": Kind("account.suspended", {"user_id": 1, "why": REASON}),
    "resume_account": Kind("account.resumed", {"user_id": 1}, ("suspend_account",)),
    "disable_account": Kind("account.disabled", {"user_id": 1, "reason": "leaver"}),
    "restore_account": Kind("account.restored", {"user_id": 1}, LEFT[:1]),
    "archive_account": Kind("account.archived", {"user_id": 1}, LEFT[:1]),
    "delete_account": Kind("account.purged", {"user_id": 1}, LEFT),
    "device_register": Kind("device.registered", LAPTOP | {"device_id": "LT-10"}),
    "device_assign": Kind("device.assigned", {"device_id": "LT-1", "user_id": 1, "why": REASON}),
    "device_return": Kind("device.returned", HELD),
    "device_set": Kind("device.changed", HELD | {"device_name": "m"}),
    "device_retire": Kind("device.retired", {"device_id": "LT-1"}),
    "device_return_cohort": Kind("device.returned", {"graduation_year": 2028}),
    "policy_evaluate": Kind("policies.evaluated"),
    "export_person": Kind("person.exported", EXPORT | {"user_id": 1}),
    "retention_sweep": Kind("retention.swept"),
    "import_users": Kind("student.created"),
    "oneroster_import": Kind("student.updated"),
    "oneroster_export": Kind("roster.exported", EXPORT),
    "audit_verify": Kind(None),
    "lifecycle_tick": Kind(None),  # it makes jobs, which have lines of their own
    "self_test": Kind(None),
    "sweep_expired": Kind(None),
}


@pytest.fixture
def work(worker_db, settings, site):
    ask(site, "UPDATE schedules SET enabled = false")
    worker = polling_worker(worker_db, settings)

    def act():
        while worker.run_once(wait_seconds=0):
            pass

    return act


@pytest.fixture
def district(client, work, site):
    """One of everything."""

    def made(path, body):
        return client.post(f"/api/v1/{path}", json=body).json

    made("users/student", ADA)
    made("users/student", ADA | {"student_id": "S50"})
    made("policies", LOCK)
    work()
    made("devices", LAPTOP)
    made("devices", LAPTOP | HELD | {"assigned_user_id": 2})
    export = made("users/1/export", EXPORT)["job_id"]
    work()
    places = {
        "export": export,
        "waiting": made("jobs", {"type": "self_test"})["job_id"],
        "cancelled": made("jobs", {"type": "self_test"})["job_id"],
        "suspended": client.as_(IVAN)
        .post("/api/v1/jobs", json={"type": "self_test"})
        .json["job_id"],
        "token": made("tokens", {"name": "old"})["id"],
        "window": made("freeze-windows", WINDOW)["id"],
    }
    client.post(f"/api/v1/jobs/{places['cancelled']}/cancel")
    ask(site, f"UPDATE jobs SET status = 'suspended' WHERE id = {places['suspended']}")
    return places


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
    kinds = {str: "text/csv", bytes: "application/zip"}
    kind = kinds.get(type(case.body))
    more = {"data": case.body, "content_type": kind} if kind else {}
    answer = client.request(
        method,
        f"/api/v1/{case.path.format(**district)}",
        headers=headers,
        **(more or {"json": case.body}),
    )
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
    if kind == "import_users":
        answer = client.post("/api/v1/imports", data=ROSTER, content_type="text/csv")
    elif kind == "oneroster_import":
        answer = client.post(
            "/api/v1/imports/oneroster", data=PACKAGE, content_type="application/zip"
        )
    else:
        answer = client.post("/api/v1/jobs", json={"type": kind, "data": case.asked})
    assert answer.status_code == 202, answer.text
    id, request = answer.json["job_id"], answer.headers["X-Request-ID"]
    work()
    found = [line for line in lines(site) if line[4] == id and not line[0].startswith("audit.")]
    assert all(line[1:3] == ("admin:grace", request) for line in found)
    expected = [f"{kind}.requested", *([case.action] if case.action else [])]
    assert [line[0] for line in found] == expected
    if case.action and kind not in ("export_person", "oneroster_export", "delete_account"):
        assert "after" in found[-1][3]
    if "why" in case.asked:
        assert found[-1][3]["why"] == REASON
    assert job(db, id)["status"] == "completed"


def test_a_login_and_its_end_have_their_lines(client, site):
    login = {"username": GRACE, "password": PASSWORD}
    grant = client.as_(None).post("/api/v1/auth/login", json=login).json
    bearer = {"Authorization": f"Bearer {grant['access_token']}"}
    assert client.post("/api/v1/auth/logout", headers=bearer).status_code < 300
    assert [line[0] for line in lines(site)] == ["login.accepted", "logout"]
