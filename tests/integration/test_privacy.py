"""What we hold about a person can be asked for, is kept no longer than the rules say, and can be
made to stay."""

import json

import pytest

from tests.changes import sending
from tests.oneroster import as_delta, district, enrolment, package, person, role
from tests.people import ADA, GRACE, IVAN
from tests.pipeline import ask, job, submit, submit_import, trail
from tests.problems import faults, refused
from tests.trail import mighty, seal, verified

ASKED = {"party": "the mother of Ada", "purpose": "she asked for it"}
FAILURE = (  # noted of a job, and of nobody by number
    "INSERT INTO audit_logs (action, actor, resource_type, job_id, details, status) SELECT"
    """ 'a.failed', 'a', 'job', id, '{"message": "Ada"}', 'failure' FROM jobs"""
    " WHERE job_type = 'device_assign'"
)
ROSTER = "StudentID,FirstName,LastName,GradeLevel,GraduationYear\nS9,Ada,Byron,9,2030\n"


@pytest.fixture
def ada(db, work):
    submit(db, "create_student", ADA)
    work()
    return 1


@pytest.fixture
def do(db, work, ada):
    def act(kind, **parameters):
        id = submit(db, kind, parameters)
        work()
        return job(db, id)

    return act


@pytest.fixture
def purge(do, ada):
    def act():
        for kind in ("disable_account", "archive_account", "delete_account"):
            done = do(kind, user_id=ada, **({"reason": "leaver"} if kind[1] == "i" else {}))
        return done

    return act


def hold(client, held=True):
    return client.put("/api/v1/users/1/legal-hold", json={"held": held, "reason": "a lawsuit"})


def test_export_person_gathers_all_there_is_to_be_collected_once(client, work, ada, db, site):
    laptop = {"device_id": "LT-1", "device_name": "n", "device_type": "laptop", "platform": "linux"}
    client.post("/api/v1/devices", json=laptop | {"assigned_user_id": 1})
    id = client.post("/api/v1/users/1/export", json=ASKED).json["job_id"]
    work()
    done = job(db, id)
    assert done["result"]["Collect"] == f"/api/v1/exports/{id}/collect"
    assert "ovelace" not in str(done["result"])
    record = client.post(done["result"]["Collect"]).json
    assert record["users"][0]["last_name"] == "Lovelace"
    assert record["usernames"][0]["username"] == "alovelace8001"
    assert record["devices.assigned_user_id"][0]["device_id"] == "LT-1"
    told = [row["action"] for row in record["audit_logs"]]
    assert told == ["student.created", "device.registered"]
    assert [row["type"] for row in record["jobs"]] == ["create_student", "export_person"]
    refused(client.post(f"/api/v1/exports/{id}/collect"), 404, "not_found")
    assert trail(site, id) == ["export_person.requested", "student.exported", "export.collected"]


def test_an_export_says_every_table_that_refers_to_people(client, work, ada, db, site):
    """Whichever there are: a new table is in it by its foreign key."""
    ask(site, "CREATE TABLE loans (id int, borrower bigint REFERENCES users)")
    ask(site, "ALTER TABLE loans OWNER TO coreskills_owner; INSERT INTO loans VALUES (77, 1)")
    id = client.post("/api/v1/users/1/export", json=ASKED).json["job_id"]
    work()
    record = client.post(f"/api/v1/exports/{id}/collect").json
    assert record["loans.borrower"] == [{"id": 77, "borrower": 1}]


def test_an_export_says_what_a_roster_said_of_the_person_in_any_of_its_files(
    client, work, ada, db, site
):
    rows = {
        "users": [person("u-1", ADA["student_id"], grades="10")],
        "roles": [role("r-1", "u-1")],
        "enrollments": [enrolment("e-1", "u-1")],
    }
    files = {file: as_delta(rows) for file, rows in (district() | rows).items()}
    body = package(files, **dict.fromkeys(district(), "delta"))
    for _ in range(2):  # the second knows her by the id that the first gave her
        client.post("/api/v1/imports/oneroster", **sending(body))
        work()
    id = client.post("/api/v1/users/1/export", json=ASKED).json["job_id"]
    work()
    record = client.post(f"/api/v1/exports/{id}/collect").json
    assert {row["file"] for row in record["import_rows"]} == {"users", "roles", "enrollments"}
    assert "users:u-1" in {row["person_key"] for row in record["import_results"]}


def test_every_export_is_written_down_with_who_got_what_and_what_for(client, work, ada):
    id = client.post("/api/v1/users/1/export", json=ASKED).json["job_id"]
    work()
    (row,) = client.get("/api/v1/users/1/disclosures").json["disclosures"]
    assert (row["party"], row["purpose"], row["job_id"]) == (*ASKED.values(), id)
    assert {"users.last_name", "usernames.username", "audit_logs.action"} <= set(row["fields"])
    refused(client.get("/api/v1/users/77/disclosures"), 404, "not_found")


def test_an_export_of_everybody_is_in_the_list_of_who_was_there(client, work, db, site, purge):
    for party in ("the state", "the county"):
        client.post("/api/v1/exports/oneroster", json={"party": party, "purpose": "the census"})
        work()
        if party == "the state":
            submit(db, "create_student", ADA | {"student_id": "S77"})
            work()
    listed = {
        id: [
            (row["party"], row["people"])
            for row in client.get(f"/api/v1/users/{id}/disclosures?limit=1").json["disclosures"]
            + client.get(f"/api/v1/users/{id}/disclosures").json["disclosures"][1:]
        ]
        for id in (1, 2)
    }
    assert listed == {1: [("the county", 2), ("the state", 1)], 2: [("the county", 2)]}
    assert purge()["status"] == "completed"
    assert client.get("/api/v1/users/1/disclosures").json["disclosures"] == []


def test_an_export_needs_a_purpose_and_an_admin(client, ada):
    assert faults(client.post("/api/v1/users/1/export", json={"party": "x", "purpose": ""}))
    post = client.as_(IVAN).post
    refused(post("/api/v1/users/1/export", json=ASKED), 403, "forbidden")
    body = {"type": "export_person", "data": ASKED | {"user_id": 1}}
    refused(post("/api/v1/jobs", json=body), 403, "forbidden")
    refused(post("/api/v1/jobs", json={"type": "retention_sweep"}), 403, "forbidden")


def test_who_is_purged_cannot_be_exported_and_nothing_waits_to_be_collected(
    client, do, purge, site, work
):
    id = client.post("/api/v1/users/1/export", json=ASKED).json["job_id"]
    work()
    assert purge()["status"] == "completed"
    refused(client.post(f"/api/v1/exports/{id}/collect"), 404, "not_found")
    assert client.get("/api/v1/users/1/disclosures").json["disclosures"] == []
    assert do("export_person", user_id=1, **ASKED)["error_code"] == "not_found"


def test_a_hold_keeps_who_should_be_purged_until_it_is_lifted(client, purge, site):
    assert hold(client).json == {"user_id": 1, "legal_hold": True}
    assert purge()["error_code"] == "legal_hold"
    assert hold(client, held=False).json["legal_hold"] is False
    assert purge()["status"] == "completed"
    refused(hold(client), 409, "state_conflict")


def test_a_hold_is_in_the_trail_with_its_reason_and_only_once(client, ada, site):
    hold(client)
    hold(client)
    rows = ask(site, "SELECT action, details FROM audit_logs WHERE action LIKE '%.held'")
    change = {"before": {"legal_hold": False}, "after": {"legal_hold": True}, "why": "a lawsuit"}
    assert rows == [("student.held", change)]
    refused(hold(client.as_(IVAN)), 403, "forbidden")
    missing = client.put("/api/v1/users/77/legal-hold", json={"held": True, "reason": "r"})
    refused(missing, 404, "not_found")
    assert faults(client.put("/api/v1/users/1/legal-hold", json={"held": True}))


def test_the_policy_can_be_read_by_everybody_and_says_what_happens_to_accounts(client):
    told = client.as_("sam").get("/api/v1/retention").json
    rules = {rule["entity"]: rule["keep_days"] for rule in told["rules"]}
    assert rules["audit_changes"] == 2555
    assert rules["exports"] == 1
    assert rules["disclosures"] is None
    assert {step["offset_days"] for step in told["accounts"]} == {30, 395, 60, 425}


def test_a_rule_is_changed_within_its_bounds_by_an_admin_and_the_trail_says_why(client, site):
    change = {"keep_days": 30, "reason": "the board said so"}
    path = "/api/v1/retention/import_rows"
    refused(client.as_(IVAN).patch(path, json=change), 403, "forbidden")
    assert client.patch(path, json=change).json["keep_days"] == 30
    ((details,),) = ask(site, "SELECT details FROM audit_logs WHERE action = 'retention.changed'")
    assert details == {
        "before": {"keep_days": 90},
        "after": {"keep_days": 30},
        "why": "the board said so",
        "entity": "import_rows",
    }
    assert faults(client.patch(path, json=change | {"keep_days": 1}))
    refused(client.patch("/api/v1/retention/x", json=change), 404, "not_found")
    refused(client.patch("/api/v1/retention/disclosures", json=change), 409, "state_conflict")


@pytest.fixture
def days_pass(client):
    def act(days):
        assert client.as_(GRACE).post("/api/v1/lifecycle/clock", json={"days": days}).json

    return act


def test_retention_sweep_removes_what_is_due_and_a_dry_run_only_tells(
    db, work, do, site, days_pass
):
    submit_import(db, ROSTER)
    work()
    days_pass(89)
    assert not any(do("retention_sweep")["result"]["Counts"].values())
    days_pass(2)
    told = do("retention_sweep", dry_run=True)["result"]["Counts"]
    assert (told["import_rows"], told["import_results"]) == (1, 1)
    assert ask(site, "SELECT count(*) FROM import_rows") == [(1,)]
    assert do("retention_sweep")["result"]["Counts"] == told
    assert ask(site, "SELECT count(*) FROM import_rows") == [(0,)]
    assert not any(do("retention_sweep")["result"]["Counts"].values())
    ((what,),) = ask(site, "SELECT details FROM audit_logs WHERE action = 'retention.swept'")
    assert what["after"]["import_rows"] == 1


@pytest.fixture
def grow_old(site):
    """Jobs and trail, by the real time, which nobody can turn."""

    def act(days):
        with mighty(site) as conn:
            conn.execute(f"UPDATE jobs SET completed_at = completed_at - interval '{days} days'")
            conn.execute(f"UPDATE audit_logs SET created_at = created_at - interval '{days} days'")

    return act


def test_old_jobs_and_old_rows_of_the_trail_lose_what_they_say_and_the_chain_holds(
    do, site, grow_old, worker_db, settings
):
    grow_old(366)
    seal(worker_db)
    due = do("retention_sweep")["result"]["Counts"]
    assert (due["jobs"], due["audit_changes"]) == (1, 0)
    ((parameters,),) = ask(site, "SELECT parameters FROM jobs WHERE job_type = 'create_student'")
    assert parameters == {"redacted": True}
    assert verified(worker_db, settings)["Intact"]


def test_rows_of_the_trail_that_outlived_their_rule_are_redacted_and_the_chain_holds(
    do, site, grow_old, worker_db, settings
):
    grow_old(2556)
    seal(worker_db)
    assert do("retention_sweep")["result"]["Counts"]["audit_changes"] > 0
    ((details,),) = ask(site, "SELECT details FROM audit_logs WHERE action = 'student.created'")
    assert details == {"redacted": True}
    seal(worker_db)
    told = verified(worker_db, settings)
    assert (told["Intact"], told["Redacted"]) == (True, 1)


def test_the_clock_of_the_lifecycle_makes_neither_the_trail_nor_jobs_older(
    client, do, site, days_pass
):
    """Who may turn it could otherwise sweep away what they did a minute ago."""
    client.patch("/api/v1/retention/jobs", json={"keep_days": 30, "reason": "so I can hide"})
    days_pass(3650)
    due = do("retention_sweep")["result"]["Counts"]
    assert {due[name] for name in ("jobs", "audit_requests", "audit_changes")} == {0}
    assert ask(site, "SELECT count(*) FROM audit_logs WHERE details ? 'redacted'") == [(0,)]
    assert ask(site, "SELECT count(*) FROM jobs WHERE parameters ? 'redacted'") == [(0,)]


def test_a_hold_wins_over_every_rule(client, db, work, do, site, days_pass, grow_old):
    submit_import(db, ROSTER)
    work()
    laptop = {"device_id": "LT-1", "device_name": "n", "device_type": "laptop", "platform": "linux"}
    client.post("/api/v1/devices", json=laptop)
    do("device_assign", device_id="LT-1", user_id=1, why="for Ada")
    do("export_person", user_id=1, **ASKED)
    ask(site, FAILURE)
    for id in (1, 2):
        hold = {"held": True, "reason": "r"}
        client.put(f"/api/v1/users/{id}/legal-hold", json=hold)
    days_pass(3650)
    grow_old(3650)
    due = do("retention_sweep")["result"]["Counts"]
    kept = ("import_rows", "import_results", "person_exports", "purged")
    assert {name: due[name] for name in kept} == dict.fromkeys(kept, 0)
    assert due["job_rows"] == 1  # how many rows the import had; it tells of nobody
    jobs = dict(ask(site, "SELECT job_type, parameters FROM jobs"))
    assert jobs["create_student"]["last_name"] == "Lovelace"
    assert jobs["device_assign"]["why"] == "for Ada"
    assert ask(site, "SELECT count(*) FROM person_exports") == [(1,)]
    redacted = (
        "SELECT action FROM audit_logs a LEFT JOIN jobs j ON j.id = a.job_id WHERE details ?"
        " 'redacted' AND (a.user_id = 1 OR j.job_type IN ('create_student', 'device_assign'))"
    )
    assert ask(site, redacted) == []


def test_a_job_that_ended_after_the_purge_is_forgotten_by_the_next_sweep(do, purge, site):
    purge()
    ask(
        site,
        'UPDATE jobs SET parameters = \'{"user_id": 1, "why": "Ada moved"}\''
        " WHERE job_type = 'disable_account'",
    )
    assert do("retention_sweep")["result"]["Counts"]["purged"] == 1
    ((parameters,),) = ask(site, "SELECT parameters FROM jobs WHERE job_type = 'disable_account'")
    assert parameters == {"user_id": 1, "redacted": True}
    assert do("retention_sweep")["result"]["Counts"]["purged"] == 0


def test_the_log_of_requests_has_our_number_of_a_person_and_not_the_schools(client, ada, told):
    told()
    client.get("/api/v1/students/S2028001")
    client.get("/api/v1/users/1")
    paths = [json.loads(line)["path"] for line in told()]
    assert paths == [
        "/api/v1/students/<student_id>",
        "/api/v1/users/1",
    ]
