"""Whatever is done, in whatever order: what is counted is what is there."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.people import ADA, GRACE, JEAN
from tests.pipeline import ask, polling_worker, run_out

DEVICES = [f"D{n}" for n in range(5)]
RULES = [
    {"Field": "n", "Op": "lt", "Value": 5},
    {"Not": {"Field": "n", "Op": "lt", "Value": 5}},
    {"Any": [{"Field": "on", "Op": "eq", "Value": True}, {"Field": "n", "Op": "gt", "Value": 8}]},
    None,
]
device = st.sampled_from(DEVICES)
facts = st.dictionaries(
    st.sampled_from(["n", "on"]), st.one_of(st.integers(0, 10), st.booleans(), st.just("x"))
)
field = st.one_of(
    st.tuples(st.just("rule"), st.sampled_from(RULES)),
    st.tuples(st.just("applies_to"), st.sampled_from(["all_devices", "windows", "macos"])),
    st.tuples(st.just("enforcement_level"), st.sampled_from(["required", "recommended"])),
    st.tuples(st.just("grace_days"), st.integers(0, 2)),
)
switch = st.tuples(st.just("enabled"), st.booleans())
step = st.one_of(
    st.tuples(st.just("register"), device, st.sampled_from(["windows", "macos"])),
    st.tuples(st.just("assign"), device, st.integers(1, 2)),
    st.tuples(st.just("return"), device, st.sampled_from(["good", "damaged", "lost"])),
    st.tuples(st.just("set"), device, st.sampled_from(["in_stock", "repair", "lost"])),
    st.tuples(st.just("patch"), device, st.sampled_from([None, 1, 2])),
    st.tuples(st.just("retire"), device),
    st.tuples(st.just("check_in"), device, facts),
    st.tuples(st.just("edit"), st.integers(1, 3), field),
    st.tuples(st.just("edit"), st.integers(1, 3), switch),
    st.tuples(st.just("days_pass"), st.sampled_from([1, 8])),
)


class District:
    """What may happen in it. A refusal is fine; an error is not."""

    def __init__(self, client, worker):
        self._client, self._worker, self._days = client, worker, 0

    def job(self, kind, **data):
        answer = self._client.post("/api/v1/jobs", json={"type": kind, "data": data})
        assert answer.status_code == 202, answer.text
        run_out(self._worker)
        found = self._client.get(f"/api/v1/jobs/{answer.json['job_id']}").json
        refusals = {"device_held", "state_conflict", "not_found", "duplicate_device"}
        assert found["status"] == "completed" or found["error_code"] in refusals, found

    def send(self, method, path, body=None):
        answer = self._client.request(method, f"/api/v1/{path}", {"If-Match": "*"}, json=body)
        assert answer.status_code < 500, answer.text

    def register(self, id, platform):
        self.job(
            "device_register",
            device_id=id,
            device_name=id,
            device_type="laptop",
            platform=platform,
        )

    def assign(self, id, holder):
        self.job("device_assign", device_id=id, user_id=holder)

    def set(self, id, status):
        self.job("device_set", device_id=id, status=status)

    def patch(self, id, holder):
        self.send("PATCH", f"devices/{id}", {"assigned_user_id": holder})

    def retire(self, id):
        self.job("device_retire", device_id=id)

    def check_in(self, id, facts):
        self.send("POST", f"devices/{id}/facts", {"facts": facts})

    def edit(self, policy, field):
        self.send("PATCH", f"policies/{policy}", dict([field]))

    def days_pass(self, days):
        self._days += days
        self.send("POST", "lifecycle/clock", {"days": self._days})

    def evaluate(self):
        self.job("policy_evaluate")

    def act(self, name, *arguments):
        if name == "return":
            self.job("device_return", device_id=arguments[0], condition=arguments[1])
        else:
            getattr(self, name)(*arguments)


@pytest.fixture
def district(site, client, worker_db, settings):
    ask(site, "UPDATE schedules SET enabled = false")
    made = District(client.as_(GRACE), polling_worker(worker_db, settings))
    made.job("create_student", **ADA)
    made.job("create_staff", **JEAN)
    for number in range(3):
        body = {"policy_name": f"P{number}", "policy_type": "security", "description": "d"}
        made.send("POST", "policies", body | {"rule": RULES[number]})
    return made


def holds_custody(site):
    """Each open line of the history is a device's holder, and the other way round."""
    held = ask(site, "SELECT id, assigned_user_id FROM devices WHERE assigned_user_id IS NOT NULL")
    remembered = ask(
        site, "SELECT device_id, user_id FROM device_assignments WHERE returned_at IS NULL"
    )
    assert Counter(held) == Counter(remembered)
    strange = (
        "SELECT device_id FROM devices WHERE (status = 'retired') <> (retired_at IS NOT NULL)"
        " OR (assigned_user_id IS NOT NULL AND status IN ('in_stock', 'retired'))"
        " OR (assigned_user_id IS NULL AND status = 'assigned')"
    )
    assert ask(site, strange) == []


def holds_counts(site):
    rows = ask(site, "SELECT policy_id, outcome, count(*) FROM policy_results GROUP BY 1, 2")
    counted = ask(
        site,
        "SELECT s.policy_id, o.outcome, o.n FROM policy_stats s, LATERAL (VALUES"
        " ('pass', pass), ('fail', fail), ('unknown', unknown), ('error', error),"
        " ('not_applicable', not_applicable), ('stale', stale)) AS o(outcome, n) WHERE o.n > 0",
    )
    assert sorted(rows) == sorted(counted)
    orphans = (
        "SELECT 1 AS one FROM policy_results r JOIN devices d ON d.id = r.device_id"
        " JOIN policies p ON p.id = r.policy_id"
        " WHERE d.status = 'retired' OR NOT p.enabled OR p.rule IS NULL"
    )
    assert ask(site, orphans) == []


def holds_after_evaluation(site):
    """Each device in use has one result of each policy that is on, by its latest rule, and is as a
    whole what its results say."""
    missing = (
        "SELECT d.device_id, p.policy_name FROM devices d CROSS JOIN policies p"
        " LEFT JOIN policy_results r ON r.device_id = d.id AND r.policy_id = p.id"
        "       AND r.revision = p.revision"
        " WHERE d.status <> 'retired' AND p.enabled AND p.rule IS NOT NULL AND r.outcome IS NULL"
    )
    assert ask(site, missing) == []
    ((now,),) = ask(site, "SELECT lifecycle_now()")
    told = ask(site, "SELECT device_id, compliance_status FROM devices WHERE status <> 'retired'")
    assert {id: status for id, status in told} == {id: judged(site, id, now) for id, _ in told}


def judged(site, device_id, now):
    results = ask(
        site,
        "SELECT r.outcome, r.first_failed_at, p.grace_days FROM policy_results r"
        " JOIN policies p ON p.id = r.policy_id JOIN devices d ON d.id = r.device_id"
        f" WHERE p.enforcement_level = 'required' AND d.device_id = '{device_id}'"
        " AND r.outcome <> 'not_applicable'",
    )
    if any(o == "fail" and first + timedelta(days=days) <= now for o, first, days in results):
        return "non_compliant"
    if results and all(outcome in ("pass", "fail") for outcome, _, _ in results):
        return "compliant"
    return "unknown"


@given(steps=st.lists(step, min_size=4, max_size=12))
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_counts_equal_rows_and_holders_equal_history_after_anything(district, site, steps):
    """The district lives on from one example to the next; the rules hold from wherever they begin,
    and devices that were written off are replaced under their label now and then."""
    ask(site, "UPDATE devices SET device_id = device_id || '-' || id WHERE status = 'retired'"
        " AND device_id NOT LIKE '%-%'")  # fmt: skip
    for one in steps:
        district.act(*one)
        holds_custody(site)
        holds_counts(site)
        district.evaluate()
        holds_counts(site)
        holds_after_evaluation(site)
