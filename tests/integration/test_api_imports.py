"""Rosters over the API: what is no roster is refused at once, and no file is held in memory."""

import csv
import io
import tracemalloc
from dataclasses import replace

import pytest

from coreskills.store.db import Database
from tests.apps import client_of
from tests.flows import Flow, flowing
from tests.people import ADA
from tests.problems import contents, faults, refused

HEADER = b"StudentID,FirstName,LastName,GradeLevel,GraduationYear\n"
ROW = b"S2028001,Ada,Lovelace,11,2028\n"
ADAS = HEADER + ROW
MIB = 1024 * 1024
NO_ROSTERS = {
    "an empty file": (
        b"",
        {
            ("line 1, StudentID", "csv_header"),
            ("line 1, FirstName", "csv_header"),
            ("line 1, LastName", "csv_header"),
            ("line 1, GradeLevel", "csv_header"),
            ("line 1, GraduationYear", "csv_header"),
        },
    ),
    "every fault of a header": (
        b"StudentID,FirstName,Surname,GradeLevel,gradelevel,\n" + ROW,
        {
            ("line 1, Surname", "csv_header"),
            ("line 1, empty column", "csv_header"),
            ("line 1, GradeLevel", "csv_header"),
            ("line 1, LastName", "csv_header"),
            ("line 1, GraduationYear", "csv_header"),
        },
    ),
    "semicolons": (
        ADAS.replace(b",", b";"),
        {
            ("line 1, StudentID;FirstName;LastName;GradeLevel;GraduationYear", "csv_header"),
            ("line 1, StudentID", "csv_header"),
            ("line 1, FirstName", "csv_header"),
            ("line 1, LastName", "csv_header"),
            ("line 1, GradeLevel", "csv_header"),
            ("line 1, GraduationYear", "csv_header"),
        },
    ),
    "no header": (ROW, None),
    "a header of ten thousand columns": (b"x," * 10_000 + b"\n", {("line 1", "csv_header")}),
    "Latin-1 in line 3": (
        ADAS + "S2,Zoë,Byron,9,2030\n".encode("latin-1"),
        {("line 3", "csv_encoding")},
    ),
    "UTF-16": (ADAS.decode().encode("utf-16"), {("line 1", "csv_encoding")}),
    "an Excel workbook": (b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0\xb8", {("line 1", "csv_encoding")}),
    "a NUL in line 2": (HEADER + b"S1,A\0da,Lovelace,11,2028\n", {("line 2", "csv_encoding")}),
    "half a character at the end": (ADAS + "S2,Zoë".encode()[:-1], {("line 3", "csv_encoding")}),
    "a field of more than 1 MiB": (
        ADAS + b"S2," + b"a" * (MIB + 1) + b",Byron,9,2030\n",
        {("line 3", "csv_row")},
    ),
    "a quote that is never closed": (
        ADAS + b'S2,"Byron,Ada,9,2030\nS3,Grace,Hopper,12,2027\n',
        {("line 4", "csv_row")},
    ),
    "text after a quote": (ADAS + b'S2,"Ada"x,Byron,9,2030\n', {("line 3", "csv_row")}),
}
GOOD_FILES = {
    "LF": ADAS,
    "CRLF": ADAS.replace(b"\n", b"\r\n"),
    "a BOM": b"\xef\xbb\xbf" + ADAS,
    "no line end at the end": ADAS.rstrip(),
    "empty lines": HEADER + b"\n,,,,\n" + ROW + b"\n\n",
    "quotes": HEADER + b'"S2028001","Ada","Lovelace","11","2028"\n',
    "other spelling and order": b" lastname ,FIRSTNAME,StudentId,graduationyear,GradeLevel\n"
    b"Lovelace,Ada,S2028001,2028,11\n",
    "columns of staff beside": b"Type,EmployeeID,Department,Role," + HEADER + b"STUDENT,,,," + ROW,
}


def uploaded(client, body, query="", **more):
    return client.post(f"/api/v1/imports{query}", data=body, content_type="text/csv", **more)


def finished(client, worker, answer):
    """The import's job after the worker ran it."""
    assert answer.status_code == 202, answer.text
    assert worker.run_once(wait_seconds=2)
    job = client.get(answer.headers["Location"]).json
    assert job["status"] == "completed", job
    return job


def test_what_is_no_roster_is_refused_with_the_lines(client, site):
    before = contents(site)
    for why, (body, expected) in NO_ROSTERS.items():
        seen = faults(uploaded(client, body))
        assert seen == expected if expected else seen, why
        assert expected or all(at.startswith("line 1, ") for at, _ in seen)
    assert contents(site) == before


def test_anything_but_text_csv_is_415(client):
    for kind in (None, "application/json", "application/vnd.ms-excel", "text/plain"):
        answer = client.post("/api/v1/imports", data=ADAS, content_type=kind)
        assert "text/csv" in refused(answer, 415, "unsupported_media_type")["detail"]


def test_wrong_options_of_an_import_are_named(client, site):
    before = contents(site)
    assert faults(uploaded(client, ADAS, "?dry_run=perhaps")) == {("?dry_run", "bool_parsing")}
    assert faults(uploaded(client, ADAS, "?dryrun=true")) == {("?dryrun", "extra_forbidden")}
    assert contents(site) == before


def test_every_usual_kind_of_file_means_the_same(client, worker):
    counts = {"created": 1, "unchanged": 0, "rejected": 0}
    result = {"Counts": counts, "DryRun": True, "Engine": "native"}
    for why, body in GOOD_FILES.items():
        job = finished(client, worker, uploaded(client, body, "?dry_run=true"))
        assert {name: job["result"][name] for name in result} == result, why
        assert job["data"]["rows"] == 1, why
    assert client.get("/api/v1/users").json["users"] == []


def test_a_file_of_only_a_header_imports_nobody(client, worker):
    job = finished(client, worker, uploaded(client, HEADER))
    assert (job["result"]["Counts"]["created"], job["result"]["Counts"]["rejected"]) == (0, 0)


def test_a_row_of_the_wrong_width_is_rejected_and_the_others_go_on(client, worker):
    job = finished(client, worker, uploaded(client, HEADER + b"S1,Ada\n" + ROW + b"a,b,c,d,e,f\n"))
    assert (job["result"]["Counts"]["created"], job["result"]["Counts"]["rejected"]) == (1, 2)
    rows = client.get(f"/api/v1/imports/{job['id']}/rows?action=rejected").json["rows"]
    assert [(row["line"], row["faults"][0]["message"]) for row in rows] == [
        (2, "has 2 values, the header has 5 columns"),
        (4, "has 6 values, the header has 5 columns"),
    ]


def test_a_row_on_several_lines_is_reported_where_it_starts(client, worker):
    body = HEADER + b'S1,"A\nd\na",Lovelace,11,2028\n' + b"S2,Ada,4,11,2028\n"
    job = finished(client, worker, uploaded(client, body))
    rows = client.get(f"/api/v1/imports/{job['id']}/rows").json["rows"]
    assert [(row["line"], row["action"]) for row in rows] == [(2, "rejected"), (5, "rejected")]


def test_rows_come_in_pages_and_by_what_became_of_them(client, worker):
    students = [b"S%d,Ada,Lovelace,11,2028\n" % n for n in range(1, 8)]
    students[3] = b"S4,Ada,Lovelace,99,2028\n"
    job = finished(client, worker, uploaded(client, HEADER + b"".join(students)))
    path = f"/api/v1/imports/{job['id']}/rows"
    lines, next_page = [], f"{path}?limit=3"
    while next_page:
        assert len(lines) < 100, "the pages go round in circles"
        answer = client.get(next_page)
        lines += [row["line"] for row in answer.json["rows"]]
        next_page = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert lines == list(range(2, 9))
    (row,) = client.get(f"{path}?action=rejected").json["rows"]
    assert (row["line"], row["faults"][0]["at"]) == (5, "GradeLevel")
    assert faults(client.get(f"{path}?action=lost")) == {("?action", "literal_error")}


def test_what_is_no_import_has_no_rows(client):
    id = client.post("/api/v1/jobs", json={"type": "self_test"}).json["job_id"]
    for path in (f"{id}/rows", f"{id}/rejected.csv", "777/rows", "777/rejected.csv"):
        refused(client.get(f"/api/v1/imports/{path}"), 404, "not_found")


def test_the_rejected_rows_come_back_as_a_harmless_file(client, worker):
    body = HEADER + b'=cmd|x,Ada,Lovelace,11,2028\n"@A1",+1,-2,=3,"a,b"\n' + ROW
    job = finished(client, worker, uploaded(client, body))
    answer = client.get(f"/api/v1/imports/{job['id']}/rejected.csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["Line"] for row in rows] == ["2", "3"]
    assert rows[0]["StudentID"] == "'=cmd|x"
    assert [rows[1][name] for name in ("StudentID", "FirstName", "LastName", "GradeLevel")] == [
        "'@A1",
        "'+1",
        "'-2",
        "'=3",
    ]
    assert rows[1]["GraduationYear"] == "a,b"
    assert "StudentID: must be" in rows[0]["Reason"]
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_a_repeated_upload_with_its_key_is_one_import(client):
    key = {"Idempotency-Key": "roster-7"}
    first = uploaded(client, ADAS, headers=key)
    again = uploaded(client, ADAS, headers=key)
    assert (again.status_code, again.json) == (202, first.json)
    refused(uploaded(client, ADAS + ROW, headers=key), 422, "idempotency_mismatch")
    refused(uploaded(client, ADAS, "?dry_run=true", headers=key), 422, "idempotency_mismatch")
    assert len(client.get("/api/v1/jobs").json["jobs"]) == 1


def test_a_file_over_32_mib_is_413_and_is_never_held(client, site):
    before = contents(site)
    for size in (None, 40 * MIB):
        flow = Flow(HEADER if n == 0 else b"x" * 1000 + b"\n" for n in range(42_000))
        answer, peak = measured(client, flow, size)
        assert "32 MiB" in refused(answer, 413, "too_large")["detail"]
        assert flow.given <= 33 * MIB
        assert peak < 4 * MIB
    assert contents(site) == before


def test_a_file_just_below_32_mib_is_accepted_and_is_never_held(client):
    """Counted are all bytes that Python has at once; the file itself is on disk."""
    row = ROW.replace(b"Lovelace", b"L" * 20_000)
    flow = Flow(HEADER if n == 0 else row for n in range(1 + 32 * MIB // len(row)))
    answer, peak = measured(client, flow, None)
    assert answer.status_code == 202
    assert flow.given > 31 * MIB
    assert peak < 4 * MIB


@pytest.mark.parametrize(
    "row",
    [
        b"a," * 1000,
        b'"\n",' * 1000,
        b"'" * 4000,
    ],
    ids=["commas without a line end", "quoted line ends", "one word without an end"],
)
def test_a_row_without_an_end_is_refused_before_it_is_held(client, site, row):
    before = contents(site)
    flow = Flow(HEADER if n == 0 else row for n in range(1 + 12 * MIB // len(row)))
    answer, peak = measured(client, flow, None)
    assert ("csv_row") in {code for _, code in faults(answer)}
    assert len(answer.data) < 4096
    assert peak < 16 * MIB
    assert contents(site) == before


def test_200_001_rows_are_one_too_many(client, site):
    before = contents(site)
    answer = uploaded(client, HEADER + b"a,,,,\n" * 200_001)
    assert "200,000" in refused(answer, 413, "too_large")["detail"]
    assert contents(site) == before


def test_blank_lines_count_and_are_never_held(client, site):
    before = contents(site)
    flow = Flow(HEADER if n == 0 else b"\n" * 65_536 for n in range(500))
    answer, peak = measured(client, flow, None)
    assert "400,000 lines" in refused(answer, 413, "too_large")["detail"]
    assert peak < 4 * MIB
    assert contents(site) == before


def test_a_long_roster_is_not_cut_off_by_the_limit_of_one_statement(client, queue, settings):
    impatient = Database(replace(settings, statement_timeout_ms=250), smallest=1, largest=2)
    body = HEADER + b"a,,,,\n" * 60_000
    answer = uploaded(client_of(impatient, queue, settings, client.tokens), body)
    impatient.close()
    assert answer.status_code == 202, answer.text
    assert client.get(answer.headers["Location"]).json["data"]["rows"] == 60_000


def test_an_import_that_fails_while_it_is_staged_leaves_nothing(client, site):
    with site.admin() as conn:
        conn.execute("ALTER TABLE import_rows ADD CHECK (line < 3)")
    before = contents(site)
    refused(uploaded(client, ADAS + ROW.replace(b"01", b"02")), 422, "validation_failed")
    assert contents(site) == before


def test_a_student_who_differs_in_the_directory_is_rejected(client, worker):
    client.post("/api/v1/users/student", json=ADA)
    worker.run_once(wait_seconds=1)
    job = finished(client, worker, uploaded(client, ADAS.replace(b"Ada", b"Augusta")))
    assert (job["result"]["Counts"]["created"], job["result"]["Counts"]["rejected"]) == (0, 1)
    (row,) = client.get(f"/api/v1/imports/{job['id']}/rows").json["rows"]
    assert (row["faults"][0]["at"], row["faults"][0]["code"]) == ("FirstName", "differs")


def measured(client, flow, size):
    """The answer, and the most bytes Python held meanwhile beyond those it had before."""
    tracemalloc.start()
    try:
        answer = client.post("/api/v1/imports", content_type="text/csv", **flowing(flow, size))
        return answer, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
