"""What a browser may do on somebody's behalf, what it is told, and the sandbox without login."""

from dataclasses import replace

import pytest

from coreskills.errors import Invalid
from coreskills.server import create_app
from tests.apps import client_of
from tests.people import ADA
from tests.problems import contents, refused

STUDENT = "/api/v1/users/student"
HERE = "http://localhost"
FRIEND = "https://portal.example"
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "rubbish"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:8080"},
    {"Origin": "https://localhost@evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "localhost"},
    {"Origin": "http://["},
    {"Origin": HERE, "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    {"Origin": f"{HERE}, https://evil.example"},
]
OWN = [
    {},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Origin": HERE},
    {"Origin": HERE, "Sec-Fetch-Site": "same-origin"},
]


@pytest.fixture
def with_friend(client, db, queue, settings):
    """An instance that lets one other origin in."""
    return client_of(
        db, queue, replace(settings, cors_origins=f"{FRIEND},http://127.0.0.1:8000"), client.tokens
    )


@pytest.fixture
def sandbox(db, queue, settings):
    return client_of(db, queue, replace(settings, open_access=True))


def test_a_page_of_another_site_may_change_nothing(client, site):
    before = contents(site)
    for headers in FOREIGN:
        for method, path in (
            ("POST", STUDENT),
            ("PATCH", "/api/v1/users/1"),
            ("DELETE", "/api/v1/devices/LT-1"),
            ("POST", "/api/v1/auth/login"),
            ("POST", "/api/v1/imports"),
        ):
            refused(client.request(method, path, headers=dict(headers), json=ADA), 403, "forbidden")
    assert contents(site) == before


def test_our_own_pages_and_programs_may(client):
    for number, headers in enumerate(OWN):
        body = ADA | {"student_id": f"S{number}"}
        assert client.post(STUDENT, json=body, headers=dict(headers)).status_code == 202, headers


def test_other_pages_may_ask_but_are_not_allowed_to_read(client):
    for headers in FOREIGN:
        answer = client.get("/api/v1/users", headers=dict(headers))
        assert answer.status_code == 200
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_no_answer_carries_cors_headers_unless_they_are_configured(client):
    preflight = {"Origin": FRIEND, "Access-Control-Request-Method": "POST"}
    for answer in (
        client.request("OPTIONS", STUDENT, headers=dict(preflight)),
        client.as_(None).request("OPTIONS", STUDENT, headers=dict(preflight)),
        client.get("/health", headers={"Origin": FRIEND}),
        client.get("/nothing", headers={"Origin": FRIEND}),
    ):
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]


def test_a_configured_origin_may_read_and_change(with_friend):
    answer = with_friend.post(
        STUDENT, json=ADA, headers={"Origin": FRIEND, "Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 202
    assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
    assert answer.headers["Vary"] == "Origin"
    assert "Location" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    stranger = with_friend.get("/api/v1/users", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in stranger.headers


def test_the_preflight_of_a_configured_origin_needs_no_token(with_friend):
    answer = with_friend.as_(None).request(
        "OPTIONS",
        STUDENT,
        headers={
            "Origin": FRIEND,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    for header in ("authorization", "content-type", "if-match", "idempotency-key"):
        assert header in allowed


def test_every_answer_has_the_security_headers(client):
    large = {"data": b"x" * 70_000, "content_type": "application/json"}
    tag = client.get("/api/v1/users").headers["ETag"]
    for answer in (
        client.get("/api/v1/users"),
        client.get("/health"),
        client.get("/openapi.json"),
        client.get("/docs"),
        client.post("/api/v1/jobs", json={"type": "self_test"}),
        client.as_(None).get("/api/v1/users"),
        client.as_("sam").post(STUDENT, json=ADA),
        client.get("/nothing"),
        client.delete("/health"),
        client.post(STUDENT, **large),
        client.post(STUDENT, json={}),
        client.get("/api/v1/users", headers={"If-None-Match": tag}),
    ):
        headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Request-ID"]
        assert headers["Cache-Control"] in ("no-store", "private, no-cache")
        assert answer.status_code < 400 or headers["Cache-Control"] == "no-store"


def test_a_request_keeps_its_own_name_if_that_is_harmless(client):
    for given, kept in (("lesson-7.a_B", True), ("a b", False), ("x" * 65, False), ("é", False)):
        answer = client.get("/health/live", headers={"X-Request-ID": given})
        assert (answer.headers["X-Request-ID"] == given) is kept


def test_the_open_sandbox_needs_no_token(sandbox, worker):
    assert sandbox.post(STUDENT, json=ADA).status_code == 202
    worker.run_once(wait_seconds=1)
    (user,) = sandbox.get("/api/v1/users").json["users"]
    assert user["first_name"] == "Ada"
    assert sandbox.get("/api/v1/auth/me").json == {"name": "sandbox", "role": "instructor"}
    actors = {entry["actor"] for entry in sandbox.get("/api/v1/audit").json["audit"]}
    assert actors == {"instructor:sandbox"}


def test_the_open_sandbox_has_no_operators_and_no_tokens(sandbox):
    refused(sandbox.get("/api/v1/operators"), 403, "forbidden")
    refused(sandbox.post("/api/v1/tokens", json={"name": "n"}), 409, "no_operator")
    assert sandbox.get("/api/v1/tokens").json == {"tokens": []}


def test_the_open_sandbox_takes_no_wrong_token_for_none(sandbox):
    answer = sandbox.get("/api/v1/users", headers={"Authorization": "Bearer cs_wrong"})
    refused(answer, 401, "unauthenticated")


def test_the_open_sandbox_answers_only_to_names_of_this_machine(sandbox, site):
    before = contents(site)
    for host in (
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "192.168.1.7",
        "[::2]",
        "[::1",
        "",
        "0.0.0.0",
    ):
        refused(sandbox.post(STUDENT, json=ADA, headers={"Host": host}), 403, "forbidden")
        refused(sandbox.get("/health", headers={"Host": host}), 403, "forbidden")
    assert contents(site) == before
    for host in ("localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000", "LOCALHOST"):
        assert sandbox.get("/health", headers={"Host": host}).status_code == 200


def test_the_open_sandbox_refuses_other_sites_like_any_instance(sandbox):
    for headers in FOREIGN:
        refused(sandbox.post(STUDENT, json=ADA, headers=dict(headers)), 403, "forbidden")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "", "school.example"])
def test_an_open_sandbox_off_loopback_does_not_start(queue, host):
    from coreskills.config import Settings

    with pytest.raises(Invalid, match="sandbox"):
        create_app(None, queue, Settings(open_access=True, api_host=host))


def test_an_open_sandbox_in_a_container_starts_where_only_loopback_leads_to_it(db, queue, settings):
    contained = replace(settings, open_access=True, api_host="0.0.0.0")
    assert create_app(db, queue, replace(contained, api_published="127.0.0.1"))
    with pytest.raises(Invalid, match="sandbox"):
        create_app(db, queue, replace(contained, api_published="192.168.1.7"))
