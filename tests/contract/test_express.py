"""The express lane is an optimisation: nobody can tell its answers from Flask's."""

from typing import Any

import pytest
from werkzeug.test import Client as WsgiClient
from werkzeug.test import TestResponse

from coreskills.server import LISTINGS, express_lane
from tests.people import GRACE, IVAN, MALLORY, SAM

LONG_QUERY = "last_name=" + "x" * 101
REQUESTS = [
    "",
    "limit=2",
    "limit=2&cursor=Mw",
    "limit=1&limit=3",
    "limit=0",
    "limit=201",
    "limit=two",
    "cursor=nonsense",
    "cursor=",
    "unknown=1",
    "last_name=O%27Brien",
    "last_name=Nu%C3%B1ez&limit=1",
    "last_name=a%0d%0ab",
    "last_name=%00",
    "last_name=%ff",
    "is_active=true&limit=1",
    "is_active=maybe",
    "is_active=true&last_name=x",
    "grade_level=11",
    "grade_level=8",
    "compliance_status=unknown",
    "compliance_status=fine",
    "department=Arts+%26+Music",
    LONG_QUERY,
]


class Spy:
    """Counts what comes through to Flask."""

    def __init__(self, app: Any) -> None:
        self.app, self.calls = app, 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.calls += 1
        return self.app(environ, start_response)


@pytest.fixture
def seeded(client, worker):
    for number, name in enumerate(["O'Brien", "Nuñez", "Ng", "Lee"]):
        student = {
            "student_id": f"S{number}",
            "first_name": "Kim",
            "last_name": name,
            "grade_level": 11,
            "graduation_year": 2028,
        }
        client.post("/api/v1/students", json=student)
        worker.run_once(wait_seconds=1)
    for number in range(3):
        device = {
            "device_id": f"D{number}",
            "device_name": "Cart",
            "device_type": "laptop",
            "platform": "chromeos",
        }
        assert client.post("/api/v1/devices", json=device).status_code == 201
    return client


def both(client: Any, path: str, **more: Any) -> tuple[TestResponse, TestResponse]:
    headers = {"X-Request-ID": "same"} | more.pop("headers", {})
    if client.name:
        headers.setdefault("Authorization", f"Bearer {client.tokens[client.name]}")
    lane = express_lane(client.app)
    asked = [WsgiClient(app).open(path, headers=headers, **more) for app in (client.app, lane)]
    return asked[0], asked[1]


def comparable(response: TestResponse) -> tuple[Any, ...]:
    return response.status_code, sorted(response.headers), response.data


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.name)
def test_both_ways_answer_the_same_bytes_and_headers(seeded, listing):
    for query in REQUESTS:
        flask, lane = both(seeded, f"{listing.path}?{query}")
        assert comparable(flask) == comparable(lane), query


@pytest.mark.parametrize("name", [GRACE, IVAN, SAM, MALLORY, None])
def test_both_ways_let_the_same_people_in(seeded, name):
    flask, lane = both(seeded.as_(name), "/api/v1/users")
    assert comparable(flask) == comparable(lane)
    assert lane.status_code == (401 if name in (MALLORY, None) else 200)


@pytest.mark.parametrize(
    "more",
    [
        {"method": "HEAD"},
        {"method": "POST", "json": {}},
        {"method": "OPTIONS"},
        {"headers": {"If-None-Match": "*"}},
        {"headers": {"Origin": "https://elsewhere.example"}},
    ],
    ids=str,
)
def test_what_is_not_plain_takes_the_ordinary_way(seeded, more):
    flask, lane = both(seeded, "/api/v1/users", **more)
    assert comparable(flask) == comparable(lane)


def test_a_plain_list_does_not_touch_flask_and_an_error_does(seeded):
    lane = express_lane(seeded.app)
    spy = Spy(lane._app)
    lane._app = spy
    headers = {"Authorization": f"Bearer {seeded.tokens[GRACE]}"}
    assert WsgiClient(lane).get("/api/v1/users", headers=headers).status_code == 200
    assert spy.calls == 0
    assert WsgiClient(lane).get("/api/v1/users?limit=0", headers=headers).status_code == 422
    assert spy.calls == 1
