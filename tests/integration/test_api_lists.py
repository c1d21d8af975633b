"""Lists in pages, and answers that need not be sent twice."""

import threading
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, strategies
from hypothesis import settings as profile

from tests.people import IVAN
from tests.problems import faults

LISTS = {
    "users": "users",
    "students": "students",
    "staff": "staff",
    "devices": "devices",
    "policies": "policies",
    "jobs": "jobs",
    "audit": "audit",
    "tokens": "tokens",
    "operators": "operators",
}
TABLES = {"users": "users", "students": "users", "jobs": "jobs"}
STUDENTS = """
INSERT INTO users (user_type, student_id, first_name, last_name, username, username_stem, email,
                   ou, grade_level, graduation_year)
SELECT 'student', 'S' || n, 'Ada', %s, 's' || n, 's' || n, 's' || n || '@x', 'OU', 9 + n %% 4, 2030
  FROM generate_series(%s::int, %s::int) n
"""
JOBS = """
INSERT INTO jobs (job_type, parameters, requested_by)
SELECT 'self_test', '{}', 'test' FROM generate_series(%s::int, %s::int)
"""
DEVICES = """
INSERT INTO devices (device_id, device_name, device_type, platform)
SELECT 'D' || n, 'D', 'laptop', 'linux' FROM generate_series(%s::int, %s::int) n
"""
POLICIES = """
INSERT INTO policies (policy_name, policy_type, description, applies_to, enforcement_level)
SELECT 'P' || n, 'security', 'd', 'all_users', 'required' FROM generate_series(%s::int, %s::int) n
"""


@pytest.fixture
def filled(client, site):
    """A client of a district with 7 of everything."""
    with site.admin() as conn:
        conn.execute(STUDENTS, ("Nuñez", 1, 7))
        for statement in (JOBS, DEVICES, POLICIES):
            conn.execute(statement, (1, 7))
    for _ in range(7):  # for the trail
        assert client.post("/api/v1/jobs", json={"type": "self_test"}).status_code == 202
    return client


def following(answer):
    """The address of the next page, as the Link header says it; None on the last."""
    link = answer.headers.get("Link")
    if link is None:
        assert "next" not in answer.json
        return None
    target, _, parameters = link.partition(">")
    assert parameters == '; rel="next"'
    target = target.removeprefix("<")
    assert parse_qs(urlsplit(target).query)["cursor"] == [answer.json["next"]]
    return target


def walk(client, path, name, between=lambda: None):
    """The ids of all pages."""
    ids = []
    while path:
        assert len(ids) < 500, "the pages go round in circles"
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        ids += [row["id"] for row in answer.json[name]]
        path = following(answer)
        between()
    return ids


def test_a_page_has_at_most_200_entries_and_50_unless_asked(client, site):
    with site.admin() as conn:
        conn.execute(STUDENTS, ("Lovelace", 1, 260))
    for query, count in (("", 50), ("?limit=1", 1), ("?limit=200", 200)):
        assert len(client.get(f"/api/v1/users{query}").json["users"]) == count
    for limit, code in (
        ("0", "greater_than_equal"),
        ("201", "less_than_equal"),
        ("x", "int_parsing"),
    ):
        for name in LISTS:
            answer = client.get(f"/api/v1/{name}?limit={limit}")
            assert faults(answer) == {("?limit", code)}, name


def test_the_pages_of_every_list_hold_each_entry_once_and_in_order(filled):
    for name, key in LISTS.items():
        whole = [row["id"] for row in filled.get(f"/api/v1/{name}?limit=200").json[key]]
        assert whole == sorted(whole, reverse=name in ("jobs", "audit")), name
        for limit in (1, 2, 3, 7, 8):
            assert walk(filled, f"/api/v1/{name}?limit={limit}", key) == whole, (name, limit)


def test_no_query_of_a_page_is_lost_on_the_next(filled):
    for query, count in (
        ("students?grade_level=9", 1),
        ("students?grade_level=10", 2),
        ("users?last_name=nu%C3%B1ez", 7),
        ("users?username=S1", 1),
        ("users?is_active=true", 7),
        ("users?is_active=false", 0),
        ("devices?compliance_status=unknown", 7),
        ("jobs?status=queued", 14),
        ("jobs?status=failed", 0),
    ):
        name = query.partition("?")[0]
        assert len(walk(filled, f"/api/v1/{query}&limit=1", name)) == count, query


def test_two_filters_that_cannot_be_joined_are_refused_and_not_half_obeyed(filled):
    for query, where in (
        ("users?last_name=Nu%C3%B1ez&is_active=false", "?is_active"),
        ("audit?user_id=1&job_id=1", "?job_id"),
    ):
        assert faults(filled.get(f"/api/v1/{query}")) == {(where, "one_filter")}


def test_the_link_to_the_next_page_is_a_header_whatever_the_query_holds(filled, site):
    with site.admin() as conn:
        conn.execute(STUDENTS, ('王 & "Ko" <x>', 100, 101))
    for query in ("limit=%0d%0a1", "limit=1&last_name=%E7%8E%8B+%26+%22Ko%22+%3Cx%3E"):
        answer = filled.get(f"/api/v1/users?{query}")
        assert answer.status_code == 200
        assert answer.headers["Link"].isascii()
        assert filled.get(following(answer)).json["users"][0]["id"] > answer.json["users"][0]["id"]


def test_pages_have_neither_gaps_nor_doubles_while_rows_are_inserted(filled, site):
    """Those there at the start come exactly once; those that come meanwhile at most once."""
    numbers = iter(range(1000, 100_000, 10))

    @given(strategies.integers(1, 6), strategies.sampled_from(list(TABLES)))
    @profile(max_examples=12, deadline=None, derandomize=True, database=None)
    def holds(limit, name):
        def insert():
            if room := next(rounds, 0):
                first = next(numbers)
                conn.execute(STUDENTS, ("Byron", first, first + room % limit))
                conn.execute(JOBS, (0, room % limit))

        rounds = iter(range(1, 8))
        with site.admin() as conn:
            start = {id for (id,) in conn.execute(f"SELECT id FROM {TABLES[name]}").fetchall()}
            seen = walk(filled, f"/api/v1/{name}?limit={limit}", name, between=insert)
        assert len(seen) == len(set(seen))
        assert start <= set(seen)

    holds()


def test_pages_stay_whole_while_another_thread_writes(filled, site):
    stop = threading.Event()

    def write():
        with site.admin() as conn:
            for n in range(5000, 100_000, 3):
                if stop.is_set():
                    return
                conn.execute(STUDENTS, ("Byron", n, n + 2))

    before = {row["id"] for row in filled.get("/api/v1/users?limit=200").json["users"]}
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            seen, path = [], "/api/v1/users?limit=3"
            for _ in range(10):
                answer = filled.get(path)
                seen += [row["id"] for row in answer.json["users"]]
                path = following(answer)
                if path is None:
                    break
            assert len(seen) == len(set(seen))
            assert before <= set(seen)
    finally:
        stop.set()
        writer.join()


def test_a_cursor_that_no_page_gave_is_refused(client):
    for cursor in ("abc", "LTE", "MTAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMA", "%00", "%C3%A9", "Nw.."):
        answer = client.get(f"/api/v1/users?cursor={cursor}")
        assert faults(answer) == {("?cursor", "bad_cursor")}, cursor
    assert faults(client.get(f"/api/v1/users?cursor={'A' * 101}")) == {
        ("?cursor", "string_too_long")
    }


def test_an_unknown_filter_is_refused_and_not_ignored(client):
    for name in LISTS:
        answer = client.get(f"/api/v1/{name}?surname=Lovelace")
        assert faults(answer) == {("?surname", "extra_forbidden")}, name


def test_what_the_caller_has_already_is_not_sent_again(filled, site):
    for path in (
        "users",
        "users?limit=2",
        "users/1",
        "students/S1",
        "devices",
        "devices/D1",
        "policies/1",
        "jobs",
        "jobs/1",
        "audit/1",
        "auth/me",
        "tokens",
    ):
        first = filled.get(f"/api/v1/{path}")
        tag = first.headers["ETag"]
        assert tag.startswith('"'), "a strong tag"
        for sent in (tag, f'"other", {tag}', f"W/{tag}"):
            again = filled.get(f"/api/v1/{path}", headers={"If-None-Match": sent})
            assert (again.status_code, again.data) == (304, b""), path
            assert again.headers["ETag"] == tag
        other = filled.get(f"/api/v1/{path}", headers={"If-None-Match": '"other"'})
        assert other.json == first.json


def test_a_list_that_changed_has_another_tag(filled, site):
    tag = filled.get("/api/v1/users").headers["ETag"]
    with site.admin() as conn:
        conn.execute("UPDATE users SET first_name = 'Augusta' WHERE id = 3")
    answer = filled.get("/api/v1/users", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag


def test_the_tag_of_one_operators_tokens_says_nothing_about_anothers(client):
    hers = client.get("/api/v1/tokens").headers["ETag"]
    his = client.as_(IVAN).get("/api/v1/tokens", headers={"If-None-Match": hers})
    assert his.status_code == 200
