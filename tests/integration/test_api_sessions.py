"""Logging in, staying in, and losing access again."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from coreskills.actions.tokens import token_hash
from tests.apps import bearer
from tests.people import ADA, GRACE, IVAN, PASSWORD, ROBO
from tests.problems import faults, refused

ME = "/api/v1/auth/me"
LOGIN, REFRESH, LOGOUT = "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/logout"


@pytest.fixture
def nobody(client):
    return client.as_(None)


def logged_in(nobody, name=IVAN):
    answer = nobody.post(LOGIN, json={"username": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return answer.json


def refreshed(nobody, grant):
    return nobody.post(REFRESH, json={"refresh_token": grant["refresh_token"]})


def asks(nobody, token):
    return nobody.get(ME, headers=bearer(token)).status_code


def noted(client, action):
    """The audit entries of one action, oldest first."""
    entries = client.get("/api/v1/audit?limit=200").json["audit"][::-1]
    return [entry for entry in entries if entry["action"] == action]


def test_a_password_is_exchanged_for_two_tokens(client, nobody):
    grant = logged_in(nobody)
    assert set(grant) == {"access_token", "refresh_token", "token_type", "expires_in", "role"}
    assert (grant["token_type"], grant["role"]) == ("Bearer", "instructor")
    (entry,) = noted(client, "login.accepted")
    assert (entry["actor"], entry["status"]) == ("instructor:ivan", "success")
    assert nobody.get(ME, headers=bearer(grant["access_token"])).json["name"] == IVAN


def test_an_answer_with_tokens_is_not_kept_by_any_cache(nobody):
    answer = nobody.post(LOGIN, json={"username": IVAN, "password": PASSWORD})
    assert answer.headers["Cache-Control"] == "no-store"
    assert refreshed(nobody, answer.json).headers["Cache-Control"] == "no-store"


def test_no_secret_is_stored_in_the_clear(client, nobody, site):
    grant = logged_in(nobody)
    made = client.post("/api/v1/tokens", json={"name": "program"}).json["token"]
    with site.admin() as conn:
        rows = conn.execute(
            "SELECT t::text FROM operators t UNION ALL SELECT t::text FROM api_tokens t UNION ALL"
            " SELECT t::text FROM refresh_tokens t UNION ALL SELECT t::text FROM sessions t"
            " UNION ALL SELECT t::text FROM audit_logs t"
        ).fetchall()
    everything = "\n".join(str(row) for row in rows)
    for secret in (PASSWORD, made, grant["refresh_token"], grant["access_token"]):
        assert secret not in everything
        assert secret.encode().hex() not in everything, "bytea is shown in hexadecimal"
    assert token_hash(made).hex() in everything


def test_an_unknown_name_looks_like_a_wrong_password(nobody):
    wrong = nobody.post(LOGIN, json={"username": IVAN, "password": "x"})
    unknown = nobody.post(LOGIN, json={"username": "nobody.here", "password": "x"})
    without = {"request_id"}
    assert {k: v for k, v in wrong.json.items() if k not in without} == {
        k: v for k, v in unknown.json.items() if k not in without
    }
    refused(wrong, 401, "unauthenticated")
    again = [
        nobody.post(LOGIN, json={"username": name, "password": "x"})
        for name in (IVAN, "nobody.here")
    ]
    assert [answer.status_code for answer in again] == [429, 429]


def test_an_unknown_name_costs_what_a_known_one_costs(nobody, site):
    def median(name):
        spent = []
        for _ in range(5):
            with site.admin() as conn:
                conn.execute("DELETE FROM login_throttle")
            started = time.thread_time()
            nobody.post(LOGIN, json={"username": name, "password": "x"})
            spent.append(time.thread_time() - started)
        return sorted(spent)[2]

    median(IVAN)
    assert median("nobody.here") > 0.5 * median(IVAN)


def test_wrong_passwords_make_the_next_try_wait_longer_and_longer(client, nobody, site):
    waits = []
    for _ in range(4):
        refused(
            nobody.post(LOGIN, json={"username": IVAN, "password": "x"}), 401, "unauthenticated"
        )
        right = nobody.post(LOGIN, json={"username": IVAN, "password": PASSWORD})
        refused(right, 429, "rate_limited")
        waits.append(int(right.headers["Retry-After"]))
        with site.admin() as conn:  # the wait is over
            conn.execute("UPDATE login_throttle SET blocked_until = now()")
    assert waits == [1, 2, 4, 8]
    assert [entry["status"] for entry in noted(client, "login.refused")] == ["failure"] * 4
    logged_in(nobody)  # and a good one ends it
    refused(nobody.post(LOGIN, json={"username": IVAN, "password": "x"}), 401, "unauthenticated")
    right = nobody.post(LOGIN, json={"username": IVAN, "password": PASSWORD})
    assert right.headers["Retry-After"] == "1"


def test_the_throttle_of_one_name_does_not_stop_another(nobody):
    nobody.post(LOGIN, json={"username": IVAN, "password": "x"})
    logged_in(nobody, GRACE)


def test_a_program_without_a_password_cannot_log_in(client, nobody):
    assert (
        client.post("/api/v1/operators", json={"username": "bot", "role": "service"}).status_code
        == 201
    )
    for password in ("", "x", "None"):
        answer = nobody.post(LOGIN, json={"username": "bot", "password": password})
        assert answer.status_code in (401, 422, 429)


def test_a_refresh_token_is_good_once_and_gives_the_next_pair(nobody):
    first = logged_in(nobody)
    second = refreshed(nobody, first)
    assert second.status_code == 200
    assert second.json["refresh_token"] != first["refresh_token"]
    assert asks(nobody, second.json["access_token"]) == 200
    third = refreshed(nobody, second.json)
    assert third.status_code == 200


def test_a_refresh_token_used_twice_ends_the_whole_session(client, nobody):
    first = logged_in(nobody)
    second = refreshed(nobody, first).json
    assert asks(nobody, second["access_token"]) == 200

    problem = refused(refreshed(nobody, first), 401, "unauthenticated")

    assert "used before" in problem["detail"]
    refused(refreshed(nobody, second), 401, "unauthenticated")
    assert asks(nobody, first["access_token"]) == 401
    assert asks(nobody, second["access_token"]) == 401
    (entry,) = noted(client, "session.reuse_detected")
    assert (entry["actor"], entry["status"]) == ("instructor:ivan", "failure")
    logged_in(nobody)


def test_of_two_refreshes_at_once_only_one_gets_tokens(nobody):
    for _ in range(5):
        grant = logged_in(nobody)
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(refreshed, [nobody] * 2, [grant] * 2))
        assert sorted(answer.status_code for answer in answers) == [200, 401]


def test_a_refresh_token_of_nobody_is_401(nobody):
    for token in ("x", "🂡" * 50, "\0"):
        answer = nobody.post(REFRESH, json={"refresh_token": token})
        refused(answer, 401, "unauthenticated")
    assert faults(nobody.post(REFRESH, json={"refresh_token": ""})) == {
        ("/refresh_token", "string_too_short")
    }


def test_an_old_session_cannot_be_refreshed_or_used(client, nobody, site):
    grant = logged_in(nobody)
    with site.admin() as conn:
        conn.execute("UPDATE sessions SET expires_at = now() - interval '1 second'")
    refused(refreshed(nobody, grant), 401, "unauthenticated")
    assert asks(nobody, grant["access_token"]) == 401


def test_logging_out_ends_the_session_at_once(client, nobody):
    grant, other = logged_in(nobody), logged_in(nobody)
    assert asks(nobody, grant["access_token"]) == 200
    answer = nobody.post(LOGOUT, headers=bearer(grant["access_token"]))
    assert (answer.status_code, answer.data) == (204, b"")
    assert asks(nobody, grant["access_token"]) == 401
    refused(refreshed(nobody, grant), 401, "unauthenticated")
    assert asks(nobody, other["access_token"]) == 200
    (entry,) = noted(client, "logout")
    assert entry["request_id"] == answer.headers["X-Request-ID"]


def test_a_personal_token_has_no_session_to_end(client):
    refused(client.post(LOGOUT), 409, "no_session")


def test_a_personal_token_is_shown_once_used_and_revoked(client, nobody):
    made = client.as_(ROBO).post("/api/v1/tokens", json={"name": "nightly", "days": 30})
    assert made.status_code == 201
    token = made.json["token"]
    assert token.startswith("cs_")
    assert nobody.get(ME, headers=bearer(token)).json == {"name": ROBO, "role": "service"}
    (_, listed) = client.as_(ROBO).get("/api/v1/tokens").json["tokens"]
    assert (listed["name"], listed["revoked"]) == ("nightly", False)
    assert listed["expires_at"]
    assert token not in str(listed)

    assert client.as_(ROBO).delete(f"/api/v1/tokens/{made.json['id']}").status_code == 204

    assert asks(nobody, token) == 401
    refused(client.as_(ROBO).delete(f"/api/v1/tokens/{made.json['id']}"), 404, "not_found")
    assert [entry["resource_id"] for entry in noted(client, "token.revoked")] == [made.json["id"]]


def test_a_personal_token_ends_on_its_day(client, nobody, site):
    token = client.post("/api/v1/tokens", json={"name": "short", "days": 1}).json["token"]
    with site.admin() as conn:
        conn.execute("UPDATE api_tokens SET expires_at = now() WHERE name = 'short'")
    assert asks(nobody, token) == 401


def test_wrong_wishes_for_a_token_are_named(client):
    for body, expected in (
        ({"name": ""}, {("/name", "empty")}),
        ({"name": "n", "days": 0}, {("/days", "greater_than_equal")}),
        ({"name": "n", "days": 3651}, {("/days", "less_than_equal")}),
        ({"name": "n", "role": "admin"}, {("/role", "extra_forbidden")}),
    ):
        assert faults(client.post("/api/v1/tokens", json=body)) == expected


def test_an_operator_who_is_disabled_loses_every_access_at_once(client, nobody):
    grant = logged_in(nobody)
    assert asks(nobody, grant["access_token"]) == asks(nobody, client.tokens[IVAN]) == 200
    id = next(
        o["id"] for o in client.get("/api/v1/operators").json["operators"] if o["username"] == IVAN
    )

    assert client.patch(f"/api/v1/operators/{id}", json={"is_active": False}).status_code == 204

    assert asks(nobody, grant["access_token"]) == 401
    assert asks(nobody, client.tokens[IVAN]) == 401
    refused(refreshed(nobody, grant), 401, "unauthenticated")
    answer = nobody.post(LOGIN, json={"username": IVAN, "password": PASSWORD})
    refused(answer, 401, "unauthenticated")


def test_a_changed_role_counts_at_once(client):
    id = next(
        o["id"] for o in client.get("/api/v1/operators").json["operators"] if o["username"] == IVAN
    )
    assert client.as_(IVAN).post("/api/v1/users/student", json=ADA).status_code == 202
    assert client.patch(f"/api/v1/operators/{id}", json={"role": "student"}).status_code == 204
    refused(client.as_(IVAN).post("/api/v1/users/student", json=ADA), 403, "forbidden")


def test_a_changed_password_ends_the_sessions_of_the_old_one(client, nobody):
    grant = logged_in(nobody)
    id = next(
        o["id"] for o in client.get("/api/v1/operators").json["operators"] if o["username"] == IVAN
    )
    answer = client.patch(f"/api/v1/operators/{id}", json={"password": "another good password"})
    assert answer.status_code == 204
    assert asks(nobody, grant["access_token"]) == 401
    refused(refreshed(nobody, grant), 401, "unauthenticated")
    old = nobody.post(LOGIN, json={"username": IVAN, "password": PASSWORD})
    refused(old, 401, "unauthenticated")


def test_the_last_door_cannot_be_locked_from_inside(client):
    me = next(
        o["id"] for o in client.get("/api/v1/operators").json["operators"] if o["username"] == GRACE
    )
    for change in ({"is_active": False}, {"role": "student"}):
        refused(client.patch(f"/api/v1/operators/{me}", json=change), 409, "own_rights")


def test_operators_are_added_once_and_by_the_rules(client):
    path = "/api/v1/operators"
    new = {"username": "linus", "role": "instructor", "password": "a good long password"}
    made = client.post(path, json=new)
    assert made.status_code == 201
    assert made.json == {"id": made.json["id"], "name": "linus", "role": "instructor"}
    refused(client.post(path, json=new), 409, "duplicate_operator")
    assert faults(client.post(path, json={"username": "L", "role": "root", "password": "x"})) == {
        ("/username", "string_pattern_mismatch"),
        ("/role", "literal_error"),
        ("/password", "string_too_short"),
    }
    refused(client.patch(f"{path}/777", json={"is_active": True}), 404, "not_found")
    assert "argon2" not in client.get(path).text
