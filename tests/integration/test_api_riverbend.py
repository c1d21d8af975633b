"""A district's whole roster, through the API and the worker, against what was computed for it."""

import csv
import io
import json
from pathlib import Path

import pytest

ROSTERS = Path(__file__).parents[2] / "data" / "rosters"
FILE = (ROSTERS / "riverbend.csv").read_bytes()
EXPECTED = json.loads((ROSTERS / "riverbend.expected.json").read_text())
COUNTS = {name: EXPECTED[name] for name in ("created", "unchanged", "rejected")}


@pytest.fixture
def imported(client, worker):
    """Uploads the roster and lets the worker finish it; gives the job."""

    def run(query=""):
        answer = client.post(f"/api/v1/imports{query}", data=FILE, content_type="text/csv")
        assert answer.status_code == 202, answer.text
        assert worker.run_once(wait_seconds=2)
        job = client.get(answer.headers["Location"]).json
        assert job["status"] == "completed", job
        return job

    return run


def all_of(client, path, name):
    """Every entry of a list, page by page."""
    found, cursor = [], ""
    while cursor is not None:
        assert len(found) < 2000, "the pages go round in circles"
        body = client.get(f"{path}{'&' if '?' in path else '?'}limit=200{cursor}").json
        found += body[name]
        cursor = f"&cursor={body['next']}" if "next" in body else None
    return found


def test_a_dry_run_counts_everything_and_creates_nobody(client, imported):
    job = imported("?dry_run=true")
    told = {"Counts": COUNTS, "DryRun": True, "PlanId": job["id"], "Engine": "native"}
    assert job["result"] == told
    assert rejected_lines(client, job) == EXPECTED["rejected_lines"]
    assert client.get("/api/v1/users").json == {"users": []}


def test_the_roster_creates_and_rejects_exactly_what_was_computed(client, imported):
    job = imported("?filename=riverbend.csv")

    told = {"Counts": COUNTS, "DryRun": False, "PlanId": None, "Engine": "native"}
    assert job["result"] == told
    assert job["progress"] == {"done": sum(COUNTS.values()), "total": sum(COUNTS.values())}
    assert job["data"]["filename"] == "riverbend.csv"
    assert rejected_lines(client, job) == EXPECTED["rejected_lines"]
    users = all_of(client, "/api/v1/users", "users")
    assert len(users) == EXPECTED["created"]
    assert len({user["username"] for user in users}) == len(users)
    assert len({user["email"] for user in users}) == len(users)
    made = [
        entry
        for entry in all_of(client, f"/api/v1/audit?job_id={job['id']}", "audit")
        if entry["action"] in ("student.created", "staff.created")
    ]
    assert {entry["user_id"] for entry in made} == {user["id"] for user in users}
    assert len(made) == len(users)


def test_the_same_roster_again_changes_nothing(client, imported):
    imported()
    before = all_of(client, "/api/v1/users", "users")

    job = imported()

    again = {"created": 0, "unchanged": COUNTS["created"] + COUNTS["unchanged"]}
    assert job["result"]["Counts"] == COUNTS | again
    assert rejected_lines(client, job) == EXPECTED["rejected_lines"]
    assert all_of(client, "/api/v1/users", "users") == before


def test_the_rejected_rows_can_be_downloaded_with_their_lines_and_reasons(client, imported):
    job = imported("?dry_run=true")
    text = client.get(f"/api/v1/imports/{job['id']}/rejected.csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [int(row["Line"]) for row in rows] == EXPECTED["rejected_lines"]
    assert all(row["Reason"] for row in rows)


def rejected_lines(client, job):
    rows = all_of(client, f"/api/v1/imports/{job['id']}/rows?action=rejected", "rows")
    assert all(row["faults"] for row in rows)
    return [row["line"] for row in rows]
