"""Every device held against every policy, from POST to completed; then once more, as each hour."""

import argparse
import time
from typing import Any

import psycopg
from harness.instance import Instance, instance, say
from harness.report import Report
from psycopg.types.json import Jsonb

PATIENCE = 300.0
# A rule as a district writes one: three conditions, one of them a version.
RULE = {
    "All": [
        {"Field": "disk_encryption", "Op": "eq", "Value": True},
        {"Any": [
            {"Field": "os_build", "Op": "version_ge", "Value": "10.0.22631"},
            {"Field": "screen_lock_minutes", "Op": "le", "Value": 5},
        ]},
    ]
}  # fmt: skip
# Of eight devices one has never checked in, two fail, one leaves a fact out, four pass.
DEVICES = """
INSERT INTO devices (device_id, device_name, device_type, platform, facts, facts_at, last_check_in)
SELECT 'B-' || n, 'Cart', 'laptop', (ARRAY['windows', 'chromeos'])[1 + n %% 2],
       CASE n %% 8 WHEN 0 THEN '{}'
                   WHEN 1 THEN '{"disk_encryption": true}'
                   ELSE jsonb_build_object('disk_encryption', n %% 8 > 3,
                                           'os_build', '10.0.26100.' || n,
                                           'screen_lock_minutes', n %% 8) END,
       CASE n %% 8 WHEN 0 THEN NULL ELSE lifecycle_now() END,
       CASE n %% 8 WHEN 0 THEN NULL ELSE lifecycle_now() END
  FROM generate_series(1, %(devices)s) n"""
POLICIES = """
INSERT INTO policies (policy_name, policy_type, description, applies_to, enforcement_level, rule)
SELECT 'Benchmark ' || n, 'security', 'd',
       CASE n %% 5 WHEN 0 THEN 'windows' ELSE 'all_devices' END, 'required', %(rule)s
  FROM generate_series(1, %(policies)s) n"""


def main() -> None:
    options, report = _options(), Report("compliance")
    pairs = options.devices * options.policies
    what = f"{options.devices:,} devices x {options.policies} policies"
    with instance() as target:
        _fill(target, options.devices, options.policies)
        first, counts = _evaluated(target, pairs)
        again = min(_evaluated(target, pairs)[0] for _ in range(options.rounds))
    report.at_most(f"{what}, the first time", first, 10, "s")
    report.at_most(f"{what}, again", again, 10, "s")
    report.note("verdicts a second, again", f"{pairs / again:,.0f}")
    report.note("outcomes", ", ".join(f"{n:,} {name}" for name, n in counts.items() if n))
    report.details = {"first": first, "again": again, "counts": counts}
    report.put()


def _fill(target: Instance, devices: int, policies: int) -> None:
    say(f"filling in {devices:,} devices and {policies} policies")
    with psycopg.connect(target.url("coreskills_owner"), autocommit=True) as conn:
        conn.execute(DEVICES, {"devices": devices})
        conn.execute(POLICIES, {"policies": policies, "rule": Jsonb(RULE)})
        conn.execute("ANALYZE")


def _evaluated(target: Instance, pairs: int) -> tuple[float, dict[str, Any]]:
    began = time.monotonic()
    job_id = target.client.post("/api/v1/jobs", {"type": "policy_evaluate"})["job_id"]
    job = target.client.wait_for_job(job_id, PATIENCE)
    seconds = time.monotonic() - began
    counts = job["result"]["Counts"] if job["result"] else {}
    if job["status"] != "completed" or sum(counts.values()) < pairs:
        raise SystemExit(f"the evaluation did not work: {job}")
    told = target.client.pages("/api/v1/compliance", "policies")
    if sum(row[name] for row in told for name in counts) != sum(counts.values()):
        raise SystemExit("what is counted is not what was judged")
    say(f"{counts} in {seconds:.2f} s")
    return seconds, counts


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=2_000)
    parser.add_argument("--policies", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=3, help="after the first")
    return parser.parse_args()


if __name__ == "__main__":
    main()
