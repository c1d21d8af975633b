"""What is wrong is refused with every fault at once, and leaves nothing half done behind."""

import itertools
import json

from tests.flows import Flow, flowing
from tests.people import ADA, JEAN
from tests.problems import contents, faults, refused

STUDENT = "/api/v1/users/student"
ZALGO = "A" + "\u0301\u0316\u0489" * 400
STUDENTS = {
    "an unknown field": (ADA | {"is_admin": True}, {("/is_admin", "extra_forbidden")}),
    "a grade as text": (ADA | {"grade_level": "11"}, {("/grade_level", "int_type")}),
    "a grade as a float": (ADA | {"grade_level": 11.5}, {("/grade_level", "int_type")}),
    "true for a number": (ADA | {"graduation_year": True}, {("/graduation_year", "int_type")}),
    "null for a number": (ADA | {"grade_level": None}, {("/grade_level", "int_type")}),
    "a list for a name": (ADA | {"first_name": ["Ada"]}, {("/first_name", "string_type")}),
    "a number for an id": (ADA | {"student_id": 2028001}, {("/student_id", "string_type")}),
    "an object for a name": (ADA | {"last_name": {"$ne": ""}}, {("/last_name", "string_type")}),
    "nothing at all": ({}, {(f"/{name}", "missing") for name in ADA}),
    "a list": ([ADA], {("/", "model_type")}),
    "a bare word": ("Ada", {("/", "model_type")}),
    "null": (None, {("/", "model_type")}),
    "grade 8": (ADA | {"grade_level": 8}, {("/grade_level", "greater_than_equal")}),
    "grade 13": (ADA | {"grade_level": 13}, {("/grade_level", "less_than_equal")}),
    "a grade below zero": (
        ADA | {"grade_level": -(2**62)},
        {("/grade_level", "greater_than_equal")},
    ),
    "the year 1999": (
        ADA | {"graduation_year": 1999},
        {("/graduation_year", "greater_than_equal")},
    ),
    "the year 2207": (ADA | {"graduation_year": 2207}, {("/graduation_year", "less_than_equal")}),
    "a year of 64 bits": (
        ADA | {"graduation_year": 2**64 - 1},
        {("/graduation_year", "less_than_equal")},
    ),
    "an empty id": (ADA | {"student_id": "  "}, {("/student_id", "identifier")}),
    "an id that is a path": (ADA | {"student_id": "../../etc"}, {("/student_id", "identifier")}),
    "an id in other digits": (ADA | {"student_id": "S٢٠٢٨"}, {("/student_id", "identifier")}),
    "an id of 33": (ADA | {"student_id": "S" * 33}, {("/student_id", "identifier")}),
    "an id with a NUL": (ADA | {"student_id": "S1\0"}, {("/student_id", "identifier")}),
    "an id on two lines": (ADA | {"student_id": "S1\nS2"}, {("/student_id", "identifier")}),
    "an empty name": (ADA | {"first_name": ""}, {("/first_name", "name_length")}),
    "a blank name": (ADA | {"first_name": "\u00a0\u2003"}, {("/first_name", "name_length")}),
    "a name of 101": (ADA | {"first_name": "a" * 101}, {("/first_name", "name_length")}),
    "a name with a NUL": (ADA | {"first_name": "A\0da"}, {("/first_name", "name_character")}),
    "a name with a tab": (ADA | {"first_name": "A\tda"}, {("/first_name", "name_character")}),
    "a name read backwards": (
        ADA | {"first_name": "\u202eadA"},
        {("/first_name", "name_character")},
    ),
    "a name without letters": (ADA | {"first_name": "-'-"}, {("/first_name", "name_letters")}),
    "a name of digits": (ADA | {"first_name": "4d4"}, {("/first_name", "name_character")}),
    "a name with a command": (
        ADA | {"last_name": "$(Remove-Item *)"},
        {("/last_name", "name_character")},
    ),
    "a name with a tag": (ADA | {"last_name": "<b>x</b>"}, {("/last_name", "name_character")}),
    "zalgo": (ADA | {"first_name": ZALGO}, {("/first_name", "name_length")}),
    "an emoji": (
        ADA | {"first_name": "Ada\U0001f469\u200d\U0001f4bb"},
        {("/first_name", "name_character")},
    ),
    "everything at once": (
        {"student_id": "", "first_name": "4", "grade_level": 8, "graduation_year": "x", "me": 1},
        {
            ("/student_id", "identifier"),
            ("/first_name", "name_character"),
            ("/last_name", "missing"),
            ("/grade_level", "greater_than_equal"),
            ("/graduation_year", "int_type"),
            ("/me", "extra_forbidden"),
        },
    ),
}
STAFF = {
    "a department on two lines": (
        JEAN | {"department": "IT\nHR"},
        {("/department", "unprintable")},
    ),
    "a role of 101": (JEAN | {"role": "r" * 101}, {("/role", "line_length")}),
    "a blank department": (JEAN | {"department": " "}, {("/department", "empty")}),
    "a student's field": (JEAN | {"grade_level": 9}, {("/grade_level", "extra_forbidden")}),
}
NOT_JSON = {
    "an empty body": b"",
    "an open object": b'{"student_id": ',
    "a trailing comma": b'{"student_id": "S1",}',
    "NaN": b'{"grade_level": NaN}',
    "single quotes": b"{'student_id': 'S1'}",
    "Latin-1": '{"first_name": "Zoë"}'.encode("latin-1"),
    "UTF-16": json.dumps(ADA).encode("utf-16"),
    "a lone surrogate": b'{"first_name": "\\ud800"}',
    "the other surrogate": b'{"first_name": "\\udc00"}',
    "a surrogate in UTF-8": b'{"first_name": "\xed\xa0\x80"}',
    "a raw NUL": b'{"first_name": "A\x00"}',
    "two objects": b"{} {}",
    "ten thousand lists": b"[" * 10_000 + b"]" * 10_000,
}
OTHER_TYPES = (
    None,
    "text/plain",
    "text/csv",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonx",
    "application/problem+json",
)
NOWHERE = (
    "users/7",
    "users/0",
    "users/-1",
    "users/1.5",
    "users/abc",
    f"users/{2**63 - 1}",
    f"users/{2**63}",
    f"users/{'9' * 400}",
    f"users/{'9' * 5000}",
    "users/१",
    f"jobs/{2**64}",
    f"jobs/{'9' * 5000}",
    "students/S0",
    "students/' OR 1=1 --",
    f"students/{'s' * 9000}",
    "students/%ED%A0%80",
    "students/%FF%FE",
)


def test_every_fault_of_a_student_is_named_at_once(client, site):
    before = contents(site)
    seen = {
        why: faults(_sent(client, json.dumps(body).encode())) for why, (body, _) in STUDENTS.items()
    }
    assert seen == {why: expected for why, (_, expected) in STUDENTS.items()}
    assert contents(site) == before


def test_every_fault_of_a_member_of_staff_is_named_at_once(client, site):
    before = contents(site)
    path = "/api/v1/users/staff"
    seen = {why: faults(client.post(path, json=body)) for why, (body, _) in STAFF.items()}
    assert seen == {why: expected for why, (_, expected) in STAFF.items()}
    assert contents(site) == before


def test_both_addresses_of_a_student_have_the_same_rules(client):
    body = STUDENTS["everything at once"][0]
    assert faults(client.post("/api/v1/students", json=body)) == faults(
        client.post(STUDENT, json=body)
    )


def test_integers_beyond_64_bits_are_refused(client, site):
    before = contents(site)
    for digits in (20, 400, 5000):
        body = json.dumps(ADA)[:-1] + f', "graduation_year": {"9" * digits}}}'
        where = {at for at, _ in faults(_sent(client, body.encode()))}
        assert where <= {"/graduation_year", "line 1, column 1"} or len(where) == 1
    assert contents(site) == before


def test_what_is_not_json_is_refused_with_the_place(client, site):
    before = contents(site)
    for why, body in NOT_JSON.items():
        ((at, code),) = faults(_sent(client, body))
        assert (code, at[:5]) == ("bad_json", "line "), why
    assert contents(site) == before


def test_any_other_content_type_is_415(client, site):
    before = contents(site)
    for kind in OTHER_TYPES:
        answer = client.post(STUDENT, data=json.dumps(ADA), content_type=kind)
        assert "application/json" in refused(answer, 415, "unsupported_media_type")["detail"]
    assert contents(site) == before


def test_a_charset_beside_the_content_type_is_fine(client):
    kind = "application/json; charset=utf-8"
    assert client.post(STUDENT, data=json.dumps(ADA), content_type=kind).status_code == 202


def test_a_body_over_64_kib_is_413_and_one_below_is_read(client, site):
    before = contents(site)
    for size in (64 * 1024 + 1, 10 * 1024 * 1024):
        answer = _sent(client, json.dumps(ADA).encode().ljust(size))
        assert "64 KiB" in refused(answer, 413, "too_large")["detail"]
    assert contents(site) == before
    assert _sent(client, json.dumps(ADA).encode().ljust(64 * 1024)).status_code == 202


def test_a_body_of_unknown_length_is_cut_off_at_64_kib(client):
    endless = Flow(itertools.repeat(b" " * 4096))
    answer = client.post(STUDENT, content_type="application/json", **flowing(endless))
    refused(answer, 413, "too_large")
    assert endless.given < 128 * 1024


def test_a_student_who_exists_is_409_and_the_answer_says_which_user(client, worker, site):
    client.post(STUDENT, json=ADA)
    worker.run_once(wait_seconds=1)
    (user,) = client.get("/api/v1/users").json["users"]
    before = contents(site)
    for path in (STUDENT, "/api/v1/students"):
        problem = refused(client.post(path, json=ADA), 409, "duplicate_person")
        assert problem["user_id"] == user["id"]
    assert contents(site) == before


def test_a_student_with_an_open_job_is_409(client, site):
    assert client.post(STUDENT, json=ADA).status_code == 202
    before = contents(site)
    refused(client.post(STUDENT, json=ADA | {"first_name": "Augusta"}), 409, "job_open")
    assert contents(site) == before


def test_a_refused_job_type_or_its_data_is_named_like_any_other_field(client, site):
    before = contents(site)
    bodies = {
        "/type unknown_type": {"type": "format_disk"},
        "/type string_type": {"type": 7},
        "/data/rows extra_forbidden": {"type": "self_test", "data": {"rows": 1}},
        "/data/user_id int_type": {"type": "disable_account", "data": {"user_id": "1"}},
        "/data/user_id less_than_equal": {"type": "disable_account", "data": {"user_id": 2**63}},
        "/data dict_type": {"type": "self_test", "data": []},
    }
    for expected, body in bodies.items():
        assert faults(client.post("/api/v1/jobs", json=body)) == {tuple(expected.split())}
    answer = client.post("/api/v1/jobs", json={"type": "import_users", "data": {"rows": 1}})
    assert faults(answer) == {("/type", "unknown_type")}
    assert contents(site) == before


def test_text_that_postgres_cannot_store_is_refused(client, site):
    before = contents(site)
    body = {"type": "self_test", "data": {"note": "a\0b"}}
    refused(client.post("/api/v1/jobs", json=body), 422, "validation_failed")
    assert contents(site) == before


def test_an_id_of_nothing_is_404(client):
    for path in NOWHERE:
        refused(client.get(f"/api/v1/{path}"), 404, "not_found")


def test_an_id_with_a_nul_is_refused(client):
    for path in ("students/%00", "staff/S1%00", "devices/%00", "devices/LT-1%00%0a"):
        assert faults(client.get(f"/api/v1/{path}")) == set()


def _sent(client, body):
    return client.post(STUDENT, data=body, content_type="application/json")
