"""Look before you leap: a plan is shown, followed to the letter, stopped when it is too much."""

import pytest

from coreskills.domain.kinds import KINDS
from coreskills.domain.people import Planned
from coreskills.worker.handlers import HANDLERS
from coreskills.worker.plans import Change, Plan, carried_out
from tests.people import ADA, GRACE, IVAN, ROBO, SAM
from tests.pipeline import ask, job, polling_worker, run_out, submit, trail
from tests.problems import refused

PUPILS = 20
JUNE = {
    "starts_at": "2020-06-15T00:00:00Z",
    "ends_at": "2090-08-15T00:00:00Z",
    "reason": "rollover",
}


def disable_all(context):
    """As the mass kinds do it: everybody of a year, in one statement."""
    with context.db.reading() as conn:
        people = conn.execute(
            "SELECT id, student_id, version, state FROM users WHERE graduation_year = %s"
            " ORDER BY student_id",
            (context.job.parameters["graduation_year"],),
        ).fetchall()
        population = conn.execute("SELECT count(*) AS n FROM users").fetchone()["n"]
    changes = [
        Change(
            f"student:{p['student_id']}",
            "disable" if p["state"] == "active" else "noop",
            {"State": p["state"]},
            {"State": "disabled"},
            version=p["version"],
        )
        for p in people
    ]

    def write(conn):
        conn.execute(
            "UPDATE users SET state = 'disabled', disable_reason = 'leaver', disabled_at = now()"
            " WHERE graduation_year = 2028 AND state = 'active'"
        )

    return carried_out(context, Plan(changes, write, {}, population))


@pytest.fixture(autouse=True)
def pupils(site):
    ask(site, "UPDATE schedules SET enabled = false")
    ask(
        site,
        "INSERT INTO users (user_type, student_id, first_name, last_name, username, username_stem,"
        " email, ou, grade_level, graduation_year) SELECT 'student', 'S' || n, 'A', 'B', 'u' || n,"
        " 'u' || n, 'u' || n || '@x', 'OU=x', 11, CASE WHEN n <= 12 THEN 2028 ELSE 2029 END"
        f" FROM generate_series(1, {PUPILS}) AS n",
    )


@pytest.fixture
def run(db, worker_db, settings):
    """Submit a graduation, run whatever there is, and return the job."""
    handlers = HANDLERS | {"graduate_cohort": disable_all}
    worker = polling_worker(worker_db, settings, handlers=handlers)

    def act(id=None, **parameters):
        wanted = {"graduation_year": 2028} | parameters
        id = id or submit(db, "graduate_cohort", wanted)
        run_out(worker)
        return job(db, id)

    return act


@pytest.fixture
def generous(site):
    ask(site, "UPDATE thresholds SET most = 1000, percent = 100")


def active(site):
    ((count,),) = ask(site, "SELECT count(*) FROM users WHERE state = 'active'")
    return count


def snapshot(site):
    return ask(site, "SELECT u::text FROM users u ORDER BY id")


def test_a_dry_run_shows_every_line_and_changes_nothing(run, site, client):
    before = snapshot(site)
    planned = run(dry_run=True)
    assert planned["result"]["Counts"] == {"disable": 12}
    assert (planned["result"]["DryRun"], planned["result"]["PlanId"]) == (True, planned["id"])
    rows = client.get(f"/api/v1/jobs/{planned['id']}/rows?limit=5").json
    assert [row["key"] for row in rows["rows"]] == [
        "student:S1", "student:S10", "student:S11", "student:S12", "student:S2",
    ]  # fmt: skip
    assert rows["rows"][0]["after"] == {"State": "disabled"}
    more = client.get(f"/api/v1/jobs/{planned['id']}/rows?limit=200&cursor={rows['next']}").json
    assert len(more["rows"]) == 7
    assert snapshot(site) == before
    assert trail(site, planned["id"]) == ["graduate_cohort.requested"]


@pytest.mark.usefixtures("generous")
def test_the_job_that_follows_a_plan_does_what_it_said_and_reports_the_same(run, site, client):
    plan = run(dry_run=True)["id"]
    done = run(plan_id=plan)
    assert (done["status"], done["result"]["Counts"]) == ("completed", {"disable": 12})
    assert active(site) == PUPILS - 12
    said, did = (client.get(f"/api/v1/jobs/{id}/rows?limit=200").json for id in (plan, done["id"]))
    assert said["rows"] == did["rows"]


@pytest.mark.usefixtures("generous")
def test_a_plan_is_refused_when_one_pupil_was_touched_meanwhile(run, site):
    plan = run(dry_run=True)["id"]
    ask(site, "UPDATE users SET first_name = 'Anna' WHERE student_id = 'S7'")
    failed = run(plan_id=plan)
    assert (failed["status"], failed["error_code"]) == ("failed", "plan_stale")
    assert active(site) == PUPILS


@pytest.mark.usefixtures("generous")
def test_a_plan_is_followed_once(run):
    plan = run(dry_run=True)["id"]
    run(plan_id=plan)
    again = run(plan_id=plan)
    assert (again["status"], again["error_code"]) == ("failed", "plan_stale")


@pytest.mark.usefixtures("generous")
def test_a_plan_for_something_else_is_not_followed(run, db, site):
    plan = run(dry_run=True)["id"]
    other = run(plan_id=plan, graduation_year=2029)
    assert (other["status"], other["error_code"]) == ("failed", "plan_stale")
    unknown = run(plan_id=4711)
    assert "no plan 4711" in unknown["error_message"]
    assert active(site) == PUPILS


def test_too_much_at_once_waits_and_changes_nothing(run, site, client):
    waiting = run()
    assert (waiting["status"], waiting["error_code"]) == ("suspended", "threshold_exceeded")
    assert "12 of 20" in waiting["error_message"]
    assert active(site) == PUPILS
    assert len(client.get(f"/api/v1/jobs/{waiting['id']}/rows").json["rows"]) == 12
    assert trail(site, waiting["id"])[-1] == "graduate_cohort.suspended"


def test_a_second_person_lets_it_go_on(run, site, client):
    id = run()["id"]
    refused(client.as_(SAM).post(f"/api/v1/jobs/{id}/approve"), 403, "forbidden")
    refused(client.as_(ROBO).post(f"/api/v1/jobs/{id}/approve"), 403, "forbidden")
    problem = refused(client.as_(GRACE).post(f"/api/v1/jobs/{id}/approve"), 403, "forbidden")
    assert "second person" in problem["detail"]
    assert run(id)["status"] == "suspended"
    assert client.as_(IVAN).post(f"/api/v1/jobs/{id}/approve").status_code == 202
    done = run(id)
    assert (done["status"], done["approved_by"]) == ("completed", "instructor:ivan")
    assert active(site) == PUPILS - 12
    assert "job.approved" in trail(site, id)
    refused(client.as_(IVAN).post(f"/api/v1/jobs/{id}/approve"), 409, "state_conflict")
    refused(client.as_(IVAN).post("/api/v1/jobs/4711/approve"), 404, "not_found")


def test_what_was_approved_is_not_done_to_others(run, site, client):
    id = run()["id"]
    ask(site, "UPDATE users SET graduation_year = 2028 WHERE student_id = 'S20'")
    client.as_(IVAN).post(f"/api/v1/jobs/{id}/approve")
    failed = run(id)
    assert (failed["status"], failed["error_code"]) == ("failed", "plan_stale")
    assert active(site) == PUPILS


def test_what_waits_can_be_cancelled(run, site, client):
    id = run()["id"]
    assert client.post(f"/api/v1/jobs/{id}/cancel").status_code == 200
    refused(client.as_(IVAN).post(f"/api/v1/jobs/{id}/approve"), 409, "state_conflict")
    assert active(site) == PUPILS


def test_a_handful_is_no_accident(run, site):
    ask(site, "UPDATE users SET graduation_year = 2029 WHERE id > 5")
    assert run()["status"] == "completed"


def test_a_threshold_is_changed_by_an_admin_and_by_nobody_else(run, client):
    path, body = "/api/v1/thresholds/graduate_cohort/disable", {"most": 12, "percent": 60}
    refused(client.as_(IVAN).put(path, json=body), 403, "forbidden")
    refused(client.as_(GRACE).put(path, json={"most": -1}), 422, "validation_failed")
    refused(client.put("/api/v1/thresholds/self_test/fly", json=body), 404, "not_found")
    assert client.put(path, json=body).json["percent"] == 60
    assert body.items() <= client.get("/api/v1/thresholds").json["thresholds"][1].items()
    assert run()["status"] == "completed"


@pytest.mark.usefixtures("generous")
def test_no_mass_change_is_accepted_in_a_freeze_window(client, run, site):
    refused(client.as_(IVAN).post("/api/v1/freeze-windows", json=JUNE), 403, "forbidden")
    window = client.as_(GRACE).post("/api/v1/freeze-windows", json=JUNE)
    assert window.status_code == 201
    csv = "StudentID,FirstName,LastName,GradeLevel,GraduationYear\nS99,A,B,11,2028\n"
    answer = client.post("/api/v1/imports", data=csv, content_type="text/csv")
    problem = refused(answer, 423, "frozen")
    assert "rollover" in problem["detail"]
    assert (
        client.post("/api/v1/imports?dry_run=true", data=csv, content_type="text/csv").status_code
        == 202
    )
    assert client.post("/api/v1/students", json=ADA).status_code == 202
    assert run(dry_run=True)["status"] == "completed"
    assert run(override="the board decided")["status"] == "completed"
    id = window.json["id"]
    assert client.delete(f"/api/v1/freeze-windows/{id}").status_code == 204
    refused(client.delete(f"/api/v1/freeze-windows/{id}"), 404, "not_found")
    assert client.get("/api/v1/freeze-windows").json == {"freeze_windows": []}


def test_a_window_that_begins_while_a_job_waits_stops_it_too(run, db, site, client):
    id = submit(db, "graduate_cohort", {"graduation_year": 2028})
    client.as_(GRACE).post("/api/v1/freeze-windows", json=JUNE)
    failed = run(id)
    assert (failed["status"], failed["error_code"]) == ("failed", "frozen")
    assert active(site) == PUPILS


@pytest.mark.parametrize(
    "wrong",
    [{"starts_at": 1_700_000_000}, {"ends_at": "2019-01-01T00:00:00Z"}, {"reason": ""}, {"x": 1}],
)
def test_a_window_that_makes_no_sense_is_refused(client, wrong):
    answer = client.as_(GRACE).post("/api/v1/freeze-windows", json=JUNE | wrong)
    refused(answer, 422, "validation_failed")


def test_every_act_on_an_account_can_be_planned():
    acts = [kind for kind in KINDS if kind.endswith("_account")]
    assert len(acts) >= 6
    assert all(issubclass(KINDS[kind].takes, Planned) for kind in acts)
