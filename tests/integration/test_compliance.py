"""Policies are held against what devices say of themselves."""

import json
from pathlib import Path

import pytest

from coreskills.engine.frames import LONGEST, encoded
from coreskills.store import compliance
from coreskills.store.compliance import Judged
from coreskills.worker.compliance import DEVICES, POLICIES
from tests.people import GRACE, SAM
from tests.pipeline import ask, trail
from tests.problems import contents, faults, refused

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
ENCRYPTED = {"Field": "encrypted", "Op": "eq", "Value": True}
ENCRYPTION = {
    "policy_name": "Encryption",
    "policy_type": "security",
    "description": "Disks are encrypted.",
    "rule": ENCRYPTED,
}


@pytest.fixture
def evaluate(client, work):
    def act(**data):
        asked = client.post("/api/v1/jobs", json={"type": "policy_evaluate", "data": data})
        assert asked.status_code == 202, asked.text
        work()
        return client.get(f"/api/v1/jobs/{asked.json['job_id']}").json

    return act


@pytest.fixture
def policy(client):
    answer = client.post("/api/v1/policies", json=ENCRYPTION)
    assert answer.status_code == 201, answer.text
    return answer.json


def register(client, id, platform="windows"):
    body = {"device_id": id, "device_name": id, "device_type": "laptop", "platform": platform}
    assert client.post("/api/v1/devices", json=body).status_code == 201


def says(client, id, **facts):
    answer = client.post(f"/api/v1/devices/{id}/facts", json={"facts": facts})
    assert answer.status_code == 200, answer.text
    return answer


def change(client, policy_id=1, **fields):
    answer = client.patch(f"/api/v1/policies/{policy_id}", json=fields, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    return answer.json


def days_pass(client, days):
    assert client.as_(GRACE).post("/api/v1/lifecycle/clock", json={"days": days}).status_code == 200


def outcomes(client, id=1, query=""):
    found = client.get(f"/api/v1/policies/{id}/results{query}").json["results"]
    return {one["device_id"]: one["outcome"] for one in found}


def status(client, id):
    return client.get(f"/api/v1/devices/{id}").json["compliance_status"]


def since(site):
    return ask(site, "SELECT first_failed_at FROM policy_results")


@pytest.fixture
def laptop(client):
    register(client, "A")


def test_each_outcome_is_told_from_the_others(client, policy, evaluate, site):
    for id in ("pass", "fail", "unknown", "error", "stale", "staler", "silent"):
        register(client, id)
    says(client, "stale", encrypted=True)
    says(client, "staler", encrypted=False)
    days_pass(client, 8)
    says(client, "pass", encrypted=True)
    says(client, "fail", encrypted=False)
    says(client, "unknown", disk="c")
    says(client, "error", encrypted="yes")
    change(client, applies_to="windows")
    register(client, "mac", "macos")
    done = evaluate()
    assert outcomes(client) == {
        "pass": "pass",
        "fail": "fail",
        "unknown": "unknown",
        "error": "error",
        "stale": "stale",
        "staler": "stale",
        "silent": "unknown",
        "mac": "not_applicable",
    }
    assert done["result"]["Counts"] == {
        "pass": 1,
        "fail": 1,
        "unknown": 2,
        "error": 1,
        "not_applicable": 1,
        "stale": 2,
    }
    (told,) = client.get("/api/v1/compliance").json["policies"]
    assert {name: told[name] for name in done["result"]["Counts"]} == done["result"]["Counts"]
    assert {id: status(client, id) for id in outcomes(client)} == {
        "pass": "compliant",
        "fail": "non_compliant",
        "unknown": "unknown",
        "error": "unknown",
        "stale": "unknown",
        "staler": "unknown",
        "silent": "unknown",
        "mac": "unknown",
    }
    assert outcomes(client, query="?outcome=fail") == {"fail": "fail"}


def test_policy_evaluate_leaves_a_line_in_the_trail_for_itself_and_for_each_device_that_turned(
    client, policy, laptop, evaluate, site
):
    says(client, "A", encrypted=False)
    done = evaluate()
    assert trail(site, done["id"]) == [
        "policy_evaluate.requested",
        "device.compliance_changed",
        "policy.evaluated",
    ]
    again = evaluate()
    assert trail(site, again["id"]) == ["policy_evaluate.requested", "policy.evaluated"]
    ((details,),) = ask(
        site, "SELECT details FROM audit_logs WHERE action = 'device.compliance_changed'"
    )
    assert details == {"before": "unknown", "after": "non_compliant"}


def test_a_failure_is_forgiven_for_its_days_of_grace_and_not_longer(
    client, policy, laptop, evaluate
):
    change(client, grace_days=3)
    says(client, "A", encrypted=False)
    evaluate()
    assert status(client, "A") == "compliant"
    (told,) = client.get("/api/v1/devices/A/compliance").json["results"]
    assert told["grace_until"] > told["first_failed_at"]
    days_pass(client, 2)
    evaluate()
    assert status(client, "A") == "compliant"
    days_pass(client, 1)
    evaluate()
    assert status(client, "A") == "non_compliant"


def test_first_failed_at_survives_all_but_a_pass(client, policy, laptop, evaluate, site):
    says(client, "A", encrypted=False)
    evaluate()
    first = since(site)
    assert first != [(None,)]
    evaluate()
    change(client, rule={"Any": [ENCRYPTED, {"Field": "x", "Op": "eq", "Value": 1}]})
    says(client, "A", encrypted=False, x=2)
    evaluate()
    change(client, applies_to="macos")
    evaluate()
    change(client, applies_to="all_devices")
    says(client, "A", other=1)
    evaluate()
    days_pass(client, 30)
    evaluate()
    says(client, "A", encrypted=False, x=2)
    evaluate()
    assert since(site) == first
    says(client, "A", encrypted=True)
    evaluate()
    assert since(site) == [(None,)]
    says(client, "A", encrypted=False, x=2)
    evaluate()
    assert since(site) > first


def test_only_the_rule_and_the_scope_make_a_new_revision(client, policy):
    assert policy["revision"] == 1
    assert change(client, description="Really.", grace_days=9, stale_hours=5)["revision"] == 1
    assert change(client, rule={"Not": ENCRYPTED})["revision"] == 2
    assert change(client, rule={"Not": ENCRYPTED})["revision"] == 2
    assert change(client, applies_to="windows")["revision"] == 3


def test_a_result_says_by_which_revision_it_was_judged(client, policy, laptop, evaluate):
    says(client, "A", encrypted=True)
    evaluate()
    change(client, rule={"Not": ENCRYPTED})
    (old,) = client.get("/api/v1/policies/1/results").json["results"]
    assert (old["revision"], old["outcome"]) == (1, "pass")
    evaluate()
    (new,) = client.get("/api/v1/policies/1/results").json["results"]
    assert (new["revision"], new["outcome"]) == (2, "fail")
    assert new["reason"] == "excluded condition holds"


def test_what_is_retired_or_off_or_has_no_rule_has_no_results(client, policy, evaluate, site):
    for id in ("A", "B"):
        register(client, id)
        says(client, id, encrypted=True)
    evaluate()
    assert client.delete("/api/v1/devices/A", headers={"If-Match": "*"}).status_code == 200
    assert outcomes(client) == {"B": "pass"}
    change(client, enabled=False)
    assert outcomes(client) == {}
    evaluate()
    assert outcomes(client) == {}
    change(client, enabled=True)
    evaluate()
    assert outcomes(client) == {"B": "pass"}
    change(client, rule=None)
    assert outcomes(client) == {}
    evaluate()
    assert outcomes(client) == {}
    assert status(client, "B") == "unknown"


def test_a_recommendation_decides_about_nothing(client, policy, laptop, evaluate):
    change(client, enforcement_level="recommended")
    says(client, "A", encrypted=False)
    evaluate()
    assert outcomes(client) == {"A": "fail"}
    assert status(client, "A") == "unknown"


def test_more_devices_and_policies_than_one_question_holds_are_all_judged(
    client, policy, evaluate, site
):
    ask(
        site,
        "INSERT INTO devices (device_id, device_name, device_type, platform, facts, last_check_in)"
        " SELECT 'C-' || n, 'n', 'laptop', 'linux', jsonb_build_object('n', n), now()"
        "   FROM generate_series(1, 170) n",
    )
    ask(
        site,
        "INSERT INTO policies (policy_name, policy_type, description, applies_to,"
        " enforcement_level, rule) SELECT 'P' || n, 'security', 'd', 'all_devices', 'required',"
        " jsonb_build_object('Field', 'n', 'Op', 'le', 'Value', n) FROM generate_series(1, 60) n",
    )
    done = evaluate()
    assert (done["result"]["Devices"], done["result"]["Policies"]) == (170, 61)
    wrong = (
        "SELECT d.device_id, p.policy_name FROM devices d CROSS JOIN policies p"
        " LEFT JOIN policy_results r ON r.device_id = d.id AND r.policy_id = p.id"
        " WHERE r.outcome IS DISTINCT FROM CASE WHEN p.id = 1 THEN 'unknown'"
        "   WHEN (d.facts->>'n')::int <= (p.rule->>'Value')::int THEN 'pass' ELSE 'fail' END"
    )
    assert ask(site, wrong) == []


def test_one_device_or_one_policy_is_evaluated_alone(client, policy, evaluate):
    client.post("/api/v1/policies", json=ENCRYPTION | {"policy_name": "Other"})
    for id in ("A", "B"):
        register(client, id)
    assert evaluate(device_id="A")["result"]["Devices"] == 1
    assert (outcomes(client, 1), outcomes(client, 2)) == ({"A": "unknown"}, {"A": "unknown"})
    assert evaluate(policy_id=2)["result"]["Policies"] == 1
    assert set(outcomes(client, 1)) == {"A"}
    assert set(outcomes(client, 2)) == {"A", "B"}
    assert evaluate(device_id="Z")["error_code"] == "not_found"
    assert evaluate(policy_id=9)["error_code"] == "not_found"


def test_the_books_know_platform_and_type_better_than_the_device(client, laptop, evaluate):
    rule = {"Field": "platform", "Op": "eq", "Value": "windows"}
    client.post("/api/v1/policies", json=ENCRYPTION | {"rule": rule})
    says(client, "A", platform="macos")
    evaluate()
    assert outcomes(client) == {"A": "pass"}


def test_a_verdict_on_what_is_no_longer_true_is_not_kept(client, policy, laptop, worker_db, site):
    """Somebody wrote between the look and the end of the job."""
    says(client, "A", encrypted=True)
    with worker_db.reading() as conn:
        (seen,) = compliance.select_checkups(conn, device_id=None, after=0, limit=9)

    def record(revision):
        one = Judged(seen["id"], seen["last_check_in"], 1, revision, "pass", "")
        with worker_db.transaction() as conn:
            compliance.hold_policies(conn, [1])
            compliance.hold_devices(conn, [seen["id"]])
            return compliance.record_results(conn, [one])

    assert record(2) == 0
    assert record(1) == 1
    says(client, "A", encrypted=False)
    assert record(1) == 0
    with worker_db.reading() as conn:
        (seen,) = compliance.select_checkups(conn, device_id=None, after=0, limit=9)
    change(client, enabled=False)
    assert record(1) == 0
    assert outcomes(client) == {}


def test_a_check_in_replaces_what_was_said_and_news_stand_in_the_trail(client, laptop, site):
    answer = says(client, "A", encrypted=False, disk={"free": [1, 2.5]})
    assert answer.json["facts"] == {"encrypted": False, "disk": {"free": [1, 2.5]}}
    assert answer.json["last_check_in"] == answer.json["facts_at"]
    says(client, "A", encrypted=False, disk={"free": [1, 2.5]})
    later = says(client, "A", encrypted=True)
    assert later.json["facts"] == {"encrypted": True}
    assert later.json["last_check_in"] > answer.json["last_check_in"]
    noted = ask(
        site, "SELECT details FROM audit_logs WHERE action = 'device.checked_in' ORDER BY id"
    )
    assert noted == [
        (
            {
                "before": {"disk": None, "encrypted": None},
                "after": {"disk": {"free": [1, 2.5]}, "encrypted": False},
            },
        ),
        (
            {
                "before": {"disk": {"free": [1, 2.5]}, "encrypted": False},
                "after": {"disk": None, "encrypted": True},
            },
        ),
    ]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"a": "x" * 9000}, "facts_size"),
        ({"a": {"b": {"c": {"d": [1]}}}}, "facts_depth"),
        ({"": 1}, "facts_name"),
        ({"n" * 101: 1}, "facts_name"),
        ({"a\n": 1}, "facts_name"),
        ({"a": "\0"}, "facts_text"),
        ({"a": [2**53 + 1]}, "facts_number"),
        ([], "dict_type"),
    ],
)
def test_facts_are_bounded(client, laptop, site, facts, code):
    before = contents(site)
    answer = client.post("/api/v1/devices/A/facts", json={"facts": facts})
    assert {found for _, found in faults(answer)} == {code}
    assert contents(site) == before


def test_only_a_device_in_use_checks_in_and_no_student_does_it_for_it(client, laptop):
    body = {"facts": {}}
    refused(client.post("/api/v1/devices/Z/facts", json=body), 404, "not_found")
    refused(client.as_(SAM).post("/api/v1/devices/A/facts", json=body), 403, "forbidden")
    client.delete("/api/v1/devices/A", headers={"If-Match": "*"})
    refused(client.post("/api/v1/devices/A/facts", json=body), 409, "state_conflict")


def test_every_fault_of_a_rule_is_named_at_once_with_its_place(client, policy, site):
    rule = {
        "All": [
            {"Field": "", "Op": "is", "Value": 1},
            {"Not": {"Field": "n", "Op": "lt", "Value": "5"}},
            {"Any": []},
            {"Field": "v", "Op": "version_ge", "Value": "eleven"},
            7,
        ]
    }
    expected = {
        ("/rule/All/0/Field", "rule_field"),
        ("/rule/All/0/Op", "rule_operator"),
        ("/rule/All/1/Not/Value", "rule_value"),
        ("/rule/All/2/Any", "rule_parts"),
        ("/rule/All/3/Value", "rule_value"),
        ("/rule/All/4", "rule_shape"),
    }
    before = contents(site)
    new = ENCRYPTION | {"policy_name": "N", "rule": rule, "grace_days": -1}
    assert faults(client.post("/api/v1/policies", json=new)) == expected | {
        ("/grace_days", "greater_than_equal")
    }
    answer = client.patch("/api/v1/policies/1", json={"rule": rule}, headers={"If-Match": "*"})
    assert faults(answer) == expected
    assert contents(site) == before


def test_a_policy_for_people_has_no_rule(client, policy, site):
    before = contents(site)
    new = ENCRYPTION | {"policy_name": "N", "applies_to": "all_users"}
    assert faults(client.post("/api/v1/policies", json=new)) == {("/rule", "rule_scope")}
    answer = client.patch(
        "/api/v1/policies/1", json={"applies_to": "all_users"}, headers={"If-Match": "*"}
    )
    assert faults(answer) == {("/rule", "rule_scope")}
    assert contents(site) == before


def test_the_counts_are_paged_and_name_policies_without_a_rule(client, policy):
    client.post("/api/v1/policies", json=ENCRYPTION | {"policy_name": "Talk", "rule": None})
    first = client.get("/api/v1/compliance?limit=1").json
    rest = client.get(f"/api/v1/compliance?limit=1&cursor={first['next']}").json
    assert [first["policies"][0]["has_rule"], rest["policies"][0]["has_rule"]] == [True, False]
    assert rest["policies"][0]["pass"] == 0
    assert "next" not in rest
    refused(client.get("/api/v1/policies/9/results"), 404, "not_found")
    refused(client.get("/api/v1/devices/Z/compliance"), 404, "not_found")


def test_the_sample_is_as_compliant_as_its_file_says(client, evaluate):
    """So that the numbers of the first lesson are true before anything was evaluated."""
    for one in json.loads((SAMPLE / "policies.json").read_text("utf-8")):
        assert client.post("/api/v1/policies", json=one).status_code == 201
    expected = {}
    for one in json.loads((SAMPLE / "devices.json").read_text("utf-8")):
        facts = one.pop("facts")
        del one["assigned_to"]
        expected[one["device_id"]] = one.pop("compliance_status")
        assert client.post("/api/v1/devices", json=one).status_code == 201
        if facts is not None:
            says(client, one["device_id"], **facts)
    evaluate()
    assert {id: status(client, id) for id in expected} == expected
    counted = {row["policy_name"]: row for row in client.get("/api/v1/compliance").json["policies"]}
    assert {name: (row["pass"], row["fail"]) for name, row in counted.items()} == {
        "Password Length": (0, 0),
        "Disk Encryption": (3, 1),
        "Screen Lock": (10, 1),
        "Supported Operating System": (8, 3),
        "Managed Browser Profile": (2, 1),
        "Content Filter": (10, 0),
        "AirDrop Notice": (0, 0),
    }


def test_the_largest_facts_and_rules_fit_into_one_line_to_an_engine():
    devices = [{"DeviceID": "x" * 32, "Platform": "chromeos", "Facts": {"f": "x" * 8180}}] * DEVICES
    rule = {"Field": "x" * 100, "Op": "eq", "Value": "x" * 3900}
    policies = [{"Key": "1", "Rule": rule, "StaleHours": 168, "Platforms": ["windows"]}] * POLICIES
    context = {"Devices": devices, "Policies": policies, "Now": "2026-11-26T08:00:00Z"}
    assert len(encoded({"type": "invoke", "id": 1, "context": context})) < LONGEST


def test_it_is_done_every_hour(site):
    assert ask(
        site, "SELECT job_type, every::text FROM schedules WHERE name = 'policy_evaluate'"
    ) == [("policy_evaluate", "01:00:00")]
