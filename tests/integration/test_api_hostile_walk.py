"""Every route meets every kind of rubbish. Nothing of it may be a 500, or a bare page of HTML."""

import json

from tests.people import ADA, JEAN
from tests.problems import MEMBERS, contents

DEEP: object = 1
for _ in range(900):
    DEEP = [DEEP]
BODIES: list[bytes] = [
    json.dumps(body).encode()
    for body in (
        None,
        True,
        0,
        -1,
        1e308,
        "",
        "\0",
        [],
        [[]],
        {},
        {"": ""},
        {"\0": "\0"},
        {"__proto__": {}, "constructor": 1},
        {"a" * 5000: 1},
        {str(n): n for n in range(2000)},
        DEEP,
        {"type": "self_test", "data": {"note": "\0"}},
        {"type": "self_test", "data": {"note": DEEP}},
        {"type": "create_student", "data": ADA | {"first_name": "A\0"}},
        {"type": "disable_account", "data": {"user_id": 2**63 - 1, "reason": "\0"}},
        {"username": "\0", "password": "\0"},
        {"username": "root", "password": "p" * 1025},
        {"username": "é" * 64, "password": "\u202e" * 1000},
        {"username": "grace\n", "role": "admin", "password": "\0" * 12},
        {"username": "a" * 400, "role": "root", "password": "short"},
        {"refresh_token": "\0"},
        {"refresh_token": "🂡" * 200},
        {"name": "\0"},
        {"name": "n", "days": 10**12},
        {"name": "n", "days": -1},
        {"role": None, "is_active": None, "password": None},
        {"is_active": "yes"},
        {"first_name": None, "last_name": None, "grade_level": None, "department": None},
        {"first_name": "1", "grade_level": 2**70, "graduation_year": -(2**70)},
        ADA | {"student_id": "\0"},
        ADA | {"grade_level": 1e400},
        JEAN | {"department": "\0"},
        JEAN | {"role": "\u2028"},
        {"device_name": None, "device_type": None, "platform": None, "compliance_status": None},
        {"device_id": "LT\0", "device_name": "\0", "device_type": "laptop", "platform": "linux"},
        {"assigned_user_id": 2**63 - 1},
        {"assigned_user_id": 2**63},
        {"policy_name": None, "policy_type": None, "enabled": None},
        {"policy_name": "\0", "policy_type": "security", "description": "d" * 1001},
    )
] + [
    b"",
    b"\0",
    b"{",
    b"\xff\xfe{}",
    b'{"a": "\\ud800"}',
    b'{"a": "\xed\xa0\x80"}',
    b'{"a": 1, "a": 2}',
    b"9" * 5000,
    b'{"a": 1e99999}',
    b"[" * 60_000,
    b" " * 70_000,
]
QUERIES = [
    "?",
    "?limit=0",
    "?limit=201",
    "?limit=-1",
    "?limit=1e3",
    "?limit=%00",
    "?limit=" + "9" * 5000,
    "?limit=1&limit=2",
    "?limit=%0d%0a1",
    "?limit=%EF%BC%92",
    "?cursor=",
    "?cursor=%00",
    "?cursor=abc",
    "?cursor=LTE",
    "?cursor=MTAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMA",
    "?cursor=" + "A" * 101,
    "?cursor=é",
    "?cursor=/../",
    "?__proto__=1",
    "?%00=1",
    "?%FF=%FF",
    "?" + "a=1&" * 2000,
    "?last_name=%00",
    "?last_name=%ED%A0%80",
    "?last_name=%0d%0aSet-Cookie:%20a=b",
    "?last_name=" + "z" * 101,
    "?last_name=x&is_active=true",
    "?is_active=perhaps",
    "?grade_level=99999999999999999999",
    "?grade_level=9.5",
    "?department=%00",
    "?department=%0a",
    "?compliance_status=%00",
    "?status=%27",
    "?action=all",
    "?user_id=" + "9" * 30,
    "?job_id=0",
    "?user_id=1&job_id=1",
    "?dry_run=maybe",
    "?filename=%00",
    "?filename=" + "f" * 201,
]
HEADERS = [
    {"If-Match": "*"},
    {"If-Match": '"x"'},
    {"If-Match": "W/" + "z" * 4000},
    {"If-Match": '"1-99999999999999999999"'},
    {"If-None-Match": '"' * 4000},
    {"Idempotency-Key": ""},
    {"Idempotency-Key": "é"},
    {"Idempotency-Key": "k" * 256},
    {"Idempotency-Key": "a b"},
    {"X-Request-ID": "../" * 100},
    {"X-Request-ID": "é"},
    {"Origin": "http://["},
    {"Origin": "http://[::1"},
    {"Origin": "null"},
    {"Origin": "\\\\evil"},
    {"Origin": "http://a:b:c"},
    {"Sec-Fetch-Site": "\u00ff"},
    {"Host": "[::1"},
    {"Host": "a b"},
    {"Host": ""},
    {"Host": "localhost:99999999"},
    {"Content-Length": "-1"},
    {"Content-Length": "1e3"},
    {"Content-Length": "9" * 30},
    {"Transfer-Encoding": "chunked"},
    {"Range": "bytes=9-1"},
    {"Accept": "\u00ff/\u00ff"},
    {"Cookie": "session=\u00ff; ; ="},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer \u00ff"},
    {"Authorization": "Basic Z3JhY2U6eA=="},
    {"Authorization": "Bearer " + "a" * 100_000},
    {"Authorization": "Bearer ..."},
    {"Authorization": "Bearer cs_"},
    {"Authorization": "Bearer cs_\u00ff"},
]
PLACES = ["0", "%00", "%2e%2e%2f", "é", "9" * 30, "9" * 4400, "LT-1", "x" * 8000, "%FF"]
NOTHING = "777"  # an id that nothing has
UNTOUCHED = ("audit_logs", "login_throttle")  # a refused login is noted; nothing else is


def routes(client):
    """(method, rule) of everything there is."""
    for rule in client.app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield method, rule.rule


def address(rule, place=NOTHING):
    before, bracket, rest = rule.partition("<")
    return before + place + rest.partition(">")[2] if bracket else rule


def wrong_with(answer):
    """What about an answer may not be; None when all is well."""
    if answer.status_code >= 500:
        return f"{answer.status_code} {answer.text[:200]}"
    if answer.status_code < 400:
        return None
    if answer.content_type != "application/problem+json":
        return f"{answer.status_code} as {answer.content_type}"
    if not answer.json.keys() >= MEMBERS:
        return f"{answer.status_code} without {MEMBERS - answer.json.keys()}"
    if answer.headers["X-Content-Type-Options"] != "nosniff":
        return "no security headers"
    return None


def test_no_body_breaks_any_route(client, site):
    before = contents(site, *UNTOUCHED)
    broken = [
        (method, rule, body[:60], why)
        for method, rule in routes(client)
        if method != "GET"
        for body in BODIES
        if (
            why := wrong_with(
                client.request(
                    method,
                    address(rule),
                    data=body,
                    content_type="text/csv" if "imports" in rule else "application/json",
                    headers={"If-Match": "*"},
                )
            )
        )
    ]
    assert not broken, "\n".join(map(str, broken))
    assert contents(site, *UNTOUCHED) == before


def test_no_query_string_breaks_any_route(client, site):
    before = contents(site)
    broken = [
        (method, rule, query[:60], why)
        for method, rule in routes(client)
        if method == "GET" or "imports" in rule
        for query in QUERIES
        if (why := wrong_with(client.request(method, address(rule) + query)))
    ]
    assert not broken, "\n".join(map(str, broken))
    assert contents(site) == before


def test_no_address_breaks_any_route(client, site):
    before = contents(site)
    broken = [
        (method, rule, place[:60], why)
        for method, rule in routes(client)
        if "<" in rule
        for place in PLACES
        if (
            why := wrong_with(
                client.request(method, address(rule, place), json={}, headers={"If-Match": "*"})
            )
        )
    ]
    assert not broken, "\n".join(map(str, broken))
    assert contents(site) == before


def test_no_header_breaks_a_read_a_write_a_change_or_an_upload(client, site):
    before = contents(site)
    broken = [
        (method, path, str(header)[:60], why)
        for method, path in (
            ("GET", "/api/v1/users"),
            ("GET", "/health"),
            ("POST", "/api/v1/users/student"),
            ("PATCH", "/api/v1/devices/777"),
            ("POST", "/api/v1/imports"),
            ("POST", "/api/v1/auth/login"),
        )
        for header in HEADERS
        if (why := wrong_with(client.request(method, path, headers=dict(header))))
    ]
    assert not broken, "\n".join(map(str, broken))
    assert contents(site) == before


def test_hostile_changes_of_things_that_exist_leave_them_as_they_were(client, worker, site):
    client.post("/api/v1/users/student", json=ADA)
    worker.run_once(wait_seconds=1)
    laptop = {"device_id": "1", "device_name": "n", "device_type": "laptop", "platform": "linux"}
    assert client.post("/api/v1/devices", json=laptop).status_code == 201
    policy = {"policy_name": "p", "policy_type": "security", "description": "d"}
    assert client.post("/api/v1/policies", json=policy).status_code == 201
    id = client.get("/api/v1/users").json["users"][0]["id"]
    assert id == 1
    before = {
        name: client.get(f"/api/v1/{name}/1").json for name in ("users", "devices", "policies")
    }
    broken = [
        (name, body[:60], why)
        for name in before
        for body in BODIES
        if (
            why := wrong_with(
                client.patch(
                    f"/api/v1/{name}/1",
                    data=body,
                    content_type="application/json",
                    headers={"If-Match": "*"},
                )
            )
        )
    ]
    assert not broken, "\n".join(map(str, broken))
    volatile = ("version", "updated_at")  # an empty change is a change of nothing
    for name, was in before.items():
        now = client.get(f"/api/v1/{name}/1").json
        assert {k: v for k, v in now.items() if k not in volatile} == {
            k: v for k, v in was.items() if k not in volatile
        }
