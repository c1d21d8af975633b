"""What the command line says of a job it waits for, however that ends."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from coreskills.cli import lifecycle
from coreskills.cli.waiting import done, ended, patience, run
from coreskills.domain.kinds import KINDS
from coreskills.errors import StackFailed
from coreskills.stack.client import Client, Refused
from coreskills.stack.home import Home
from tests.scripted_api import scripted_api


def job(status: str, **more) -> tuple[int, dict]:
    known = {"id": 7, "type": "self_test", "status": status, "progress": None, "result": {}}
    return 200, known | {"error_code": None, "error_message": None} | more


def wait(*answers: tuple[int, dict], seconds: float = 5.0, **more) -> dict:
    with scripted_api({"GET /api/v1/jobs/7": list(answers)}) as api:
        return ended(Client(api.url), 7, seconds, **more)


def test_each_report_of_progress_is_told_once():
    half, whole = {"done": 1, "total": 2}, {"done": 2, "total": 2}
    told: list[dict] = []
    found = wait(
        job("queued"),
        job("running", progress=half),
        job("running", progress=half),
        job("completed", progress=whole, result={"Rows": 2}),
        progress=told.append,
    )
    assert found["result"] == {"Rows": 2}
    assert told == [half, whole]


def test_progress_is_told_whatever_its_figures_are(capsys):
    reports = [{"done": 1200, "total": 3000}, {"devices": 80}, {"done": 5}]
    wait(*(job("running", progress=one) for one in reports), job("completed"))
    assert capsys.readouterr().err == "  1,200 of 3,000\n  devices: 80\n  done: 5\n"


def test_an_api_that_is_away_for_a_moment_is_asked_again():
    away = (503, {"code": "unavailable", "detail": "not now"})
    assert wait(job("running"), away, away, job("completed"))["status"] == "completed"


def test_an_api_that_refuses_is_not_asked_again():
    with pytest.raises(Refused) as caught:
        wait((403, {"code": "forbidden", "detail": "no"}), job("completed"))
    assert caught.value.code == "forbidden"


@pytest.mark.parametrize(
    ("status", "words", "check", "fix"),
    [
        ("failed", "is failed", "job.failed", "coreskills jobs show 7"),
        ("dead", "is dead", "job.dead", "coreskills logs worker"),
        ("cancelled", "is cancelled", "job.cancelled", "coreskills jobs retry 7"),
        (
            "suspended",
            "waits for a second person",
            "job.suspended",
            "coreskills jobs rows 7, then by another person: coreskills jobs approve 7",
        ),
    ],
)
def test_a_job_that_did_not_complete_names_the_next_step(status, words, check, fix):
    with pytest.raises(StackFailed) as caught:
        wait(job("running"), job(status))
    assert caught.value.message == f"Job 7 {words}"
    assert caught.value.details == {"check": check, "fix": fix}
    assert caught.value.exit_code == 1


def test_the_error_of_the_job_is_passed_on():
    with pytest.raises(StackFailed) as caught:
        wait(job("failed", error_code="device_held", error_message="LT-7 is held"))
    assert caught.value.message == "Job 7 is failed: LT-7 is held"
    assert caught.value.details["check"] == "device_held"


@pytest.mark.parametrize(
    ("status", "fix"),
    [("running", "coreskills jobs show 7"), ("queued", "coreskills logs worker")],
)
def test_a_job_that_is_late_ends_with_6(status, fix):
    with pytest.raises(StackFailed) as caught:
        wait(job(status), seconds=0.1)
    assert caught.value.exit_code == 6
    assert f"Job 7 is still {status}" in caught.value.message
    assert caught.value.details["fix"] == fix


@pytest.mark.parametrize("kind", KINDS)
def test_patience_outlasts_the_deadline_of(kind):
    assert patience(kind) >= KINDS[kind].deadline + 60


def test_a_job_is_handed_in_by_its_kind_or_at_its_own_address():
    script = {
        "POST /api/v1/jobs": [(202, {"job_id": 7})],
        "POST /api/v1/users/1/rename": [(202, {"job_id": 7})],
        "GET /api/v1/jobs/7": [job("completed")],
    }
    with scripted_api(script) as api:
        assert run(Client(api.url), "self_test", {"note": "x"})["id"] == 7
        assert done(Client(api.url), "users/1/rename", {"last_name": "Y"})["id"] == 7
    sent = [body for what, body in api.asked if what.startswith("POST")]
    assert sent == [{"type": "self_test", "data": {"note": "x"}}, {"last_name": "Y"}]


def test_a_clock_that_no_timer_follows_is_no_success(tmp_path: Path):
    script = {
        "POST /api/v1/lifecycle/clock": [(200, {"now": "2027-01-01", "ahead": "1 day"})],
        "POST /api/v1/jobs": [(202, {"job_id": 7})],
        "GET /api/v1/jobs/7": [job("failed", error_message="no engine")],
    }
    home = Home(tmp_path)
    (tmp_path / "secrets").mkdir()
    home.secret_file("operator_token", "t")
    with scripted_api(script) as api:
        home.save_instance({"ports": {"api": api.port}})
        told = CliRunner().invoke(lifecycle.app, ["turn", "1", "--home", str(tmp_path)])
    assert isinstance(told.exception, StackFailed)
    assert "no engine" in told.exception.message
    assert "fired" not in told.output


def test_jobs_that_do_not_end_in_time_are_no_success():
    one = (200, {"jobs": [{"id": 9, "type": "disable_account", "status": "queued"}]})
    with scripted_api({"GET /api/v1/jobs": [one]}) as api, pytest.raises(StackFailed) as caught:
        lifecycle.wait_until_idle(Client(api.url), 0.2)
    assert caught.value.exit_code == 6
    assert caught.value.message.startswith("Job 9, disable_account, is still queued")


def test_the_wait_is_over_when_nothing_is_left():
    one = (200, {"jobs": [{"id": 9, "type": "disable_account", "status": "queued"}]})
    none = (200, {"jobs": []})
    with scripted_api({"GET /api/v1/jobs": [one, one, none]}) as api:
        lifecycle.wait_until_idle(Client(api.url), 5.0)
    assert len(api.asked) == 4
