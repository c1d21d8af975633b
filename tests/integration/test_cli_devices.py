"""What the command line says of devices: each line, the plan, and how to go on."""

import json

import pytest

from coreskills.cli import devices, policies
from coreskills.errors import StackFailed
from tests.people import ADA
from tests.pipeline import ask, submit, until


@pytest.fixture
def held(verb, db, site):
    """Ada goes to North High and holds LT-1; LT-2 is in stock."""
    submit(db, "create_student", ADA)
    until(lambda: ask(site, "SELECT id FROM users"))
    ask(site, "INSERT INTO orgs (sourced_id, name, type) VALUES ('north', 'North High', 'school')")
    ask(site, "UPDATE users SET school_id = 1")
    ask(
        site,
        "INSERT INTO devices (device_id, device_name, device_type, platform)"
        " VALUES ('LT-1', 'n', 'laptop', 'linux'), ('LT-2', 'n', 'laptop', 'linux')",
    )
    assert verb(devices.app, "assign", "LT-1", ADA["student_id"]).exit_code == 0


def status(site, device: str) -> str:
    ((found,),) = ask(site, f"SELECT status FROM devices WHERE device_id = '{device}'")
    return found


def test_a_device_is_put_into_the_books(verb, held, site):
    words = ("register", "LT-3", "Cart 3", "--type", "tablet", "--platform", "ipados")
    told = verb(devices.app, *words, "--serial", "C02-9")
    assert told.exit_code == 0, told.output
    assert status(site, "LT-3") == "in_stock"


def test_a_dry_run_shows_each_line_and_its_plan_does_exactly_that(verb, held, site):
    planned = verb(devices.app, "return-cohort", "--school", "North High", "--dry-run")
    assert planned.exit_code == 0, planned.output
    assert "device:LT-1  return  Status: assigned -> in_stock" in planned.stdout
    assert status(site, "LT-1") == "assigned"
    ((plan,),) = ask(site, "SELECT max(id) FROM jobs")
    assert f"add --plan {plan}" in planned.stderr
    done = verb(devices.app, "return-cohort", "--school", "1", "--plan", str(plan), "--json")
    assert json.loads(done.stdout)["PlanId"] == plan
    assert status(site, "LT-1") == "in_stock"


def test_a_plan_that_was_overtaken_is_refused(verb, held, site):
    planned = verb(devices.app, "set", "LT-2", "lost", "--dry-run", "--json")
    plan = json.loads(planned.stdout)["PlanId"]
    assert verb(devices.app, "set", "LT-2", "repair").exit_code == 0
    late = verb(devices.app, "set", "LT-2", "lost", "--plan", str(plan))
    assert isinstance(late.exception, StackFailed)
    assert late.exception.details["check"] == "plan_stale"
    assert status(site, "LT-2") == "repair"


def test_what_needs_a_second_person_says_how_to_look_and_how_to_agree(verb, held, site):
    ask(site, "UPDATE thresholds SET most = 0 WHERE job_type = 'device_return_cohort'")
    asked = verb(devices.app, "return-cohort", "--year", "2028")
    ((id,),) = ask(site, "SELECT max(id) FROM jobs")
    assert isinstance(asked.exception, StackFailed)
    assert asked.exception.details == {
        "check": "threshold_exceeded",
        "fix": f"coreskills jobs rows {id}, then by another person: coreskills jobs approve {id}",
    }
    assert status(site, "LT-1") == "assigned"


def test_a_holder_may_be_named_by_number(verb, held, site):
    assert verb(devices.app, "assign", "LT-2", "user:1").exit_code == 0
    unknown = verb(devices.app, "assign", "LT-2", "S0")
    assert str(unknown.exception) == "Nobody has the id or the user name S0"


def test_policies_tell_how_far_they_are(verb, held, site):
    assert "  2 of 2" in verb(policies.app, "evaluate").stderr
    assert "  1 of 1" in verb(policies.app, "evaluate", "--device", "LT-1").stderr
