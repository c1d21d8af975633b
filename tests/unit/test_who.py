"""Every verb finds people and schools by the same words."""

import pytest

from coreskills.cli import who
from coreskills.errors import StackFailed
from coreskills.stack.client import Client, Refused
from tests.scripted_api import scripted_api

SCHOOLS = [
    {"id": 1, "sourced_id": "north", "name": "North High"},
    {"id": 2, "sourced_id": "south", "name": "South High"},
    {"id": 3, "sourced_id": "old", "name": "North High"},
]
SCRIPT = {
    "GET /api/v1/students/S1": [(200, {"id": 11})],
    "GET /api/v1/staff/E1": [(200, {"id": 12})],
    "GET /api/v1/staff/a%2Fb%20c": [(200, {"id": 13})],
    "GET /api/v1/users/14": [(200, {"id": 14})],
    "GET /api/v1/students/down": [(403, {"code": "forbidden"})],
    "GET /api/v1/users": [(200, {"users": []})],
    "GET /api/v1/schools": [(200, {"schools": SCHOOLS})],
}


@pytest.fixture
def api():
    with scripted_api(SCRIPT) as served:
        yield Client(served.url)


@pytest.mark.parametrize(("text", "id"), [("S1", 11), ("E1", 12), ("a/b c", 13), ("user:14", 14)])
def test_a_person_is_found_by(api, text, id):
    assert who.number(api, text) == id


@pytest.mark.parametrize("text", ["S2", "user:15", "user:x", "14"])
def test_nobody_is_called(api, text):
    with pytest.raises(StackFailed, match=f"Nobody has the id or the user name {text}"):
        who.person(api, text)


def test_a_refusal_is_not_taken_for_an_absence(api):
    with pytest.raises(Refused):
        who.person(api, "down")


@pytest.mark.parametrize(("text", "id"), [("2", 2), ("south", 2), ("South High", 2), ("old", 3)])
def test_a_school_is_found_by(api, text, id):
    assert who.school(api, text)["id"] == id


@pytest.mark.parametrize(("text", "count"), [("North High", "2"), ("west", "no")])
def test_a_school_must_be_exactly_one(api, text, count):
    with pytest.raises(StackFailed, match=f"{count} schools are called {text}"):
        who.school(api, text)
