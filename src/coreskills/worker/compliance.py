"""The job that holds every device's facts against every policy's rule.

Judging is the engine's, some devices and policies at a time; what it found is written in one
transaction. What was judged by facts or rules that changed meanwhile is left to the next turn.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from coreskills.domain.policies import OUTCOMES, EvaluatePolicies
from coreskills.errors import NotFound
from coreskills.store import audit, compliance, lifecycle
from coreskills.store.audit import Entry
from coreskills.store.compliance import Judged
from coreskills.store.db import Connection
from coreskills.worker.context import Context, Outcome

Row = dict[str, Any]
Batch = tuple[list[int], list[Judged]]  # devices, and what was found of them
# Of one question. An engine's line has at most 1 MiB; domain/facts.py and rule_faults.py see to it
# that 80 times the largest facts and 50 times the largest rule fit.
DEVICES, POLICIES = 80, 50
# What the books know of a device better than itself, under the names that rules may use.
KNOWN = ("platform", "device_type")


def evaluate(context: Context) -> Outcome:
    wanted = EvaluatePolicies.model_validate(context.job.parameters)
    with context.db.reading() as conn:
        rules = compliance.select_rules(conn, wanted.policy_id)
        total = compliance.count_checkups(conn, device_id=wanted.device_id)
        now = lifecycle.select_now(conn)
    if wanted.policy_id and not rules:
        raise NotFound(f"There is no policy {wanted.policy_id} that is on and has a rule")
    batches: list[Batch] = []
    for checkups in _checkups(context, wanted.device_id):
        ids = [device["id"] for device in checkups]
        batches.append((ids, _judged(context, checkups, rules, now)))
        done = sum(len(ids) for ids, _ in batches)
        context.report({"done": done, "total": max(done, total)})  # some may be new since
    if wanted.device_id and not batches:
        raise NotFound(f"There is no device {wanted.device_id} in use")
    counts = Counter(one.outcome for _, judged in batches for one in judged)
    result = {
        "Devices": sum(len(ids) for ids, _ in batches),
        "Policies": len(rules),
        "Counts": {outcome: counts[outcome] for outcome in OUTCOMES},
    }

    def write(conn: Connection) -> None:
        compliance.hold_policies(conn, [rule["id"] for rule in rules])
        for ids, judged in batches:  # in the order of their ids, so that two jobs get by
            _write(context, conn, ids, judged)
        audit.insert_audit(conn, _entry(context, result))

    return Outcome(result, write)


def _write(context: Context, conn: Connection, ids: list[int], judged: list[Judged]) -> None:
    job = context.job
    compliance.hold_devices(conn, ids)
    compliance.record_results(conn, judged)
    compliance.follow_results(
        conn, ids, actor=job.requested_by, job_id=job.id, request_id=job.request_id
    )


def _checkups(context: Context, device_id: str | None) -> Iterator[list[Row]]:
    after = 0
    while True:
        with context.db.reading() as conn:
            rows = compliance.select_checkups(conn, device_id=device_id, after=after, limit=DEVICES)
        if not rows:
            return
        yield rows
        after = rows[-1]["id"]


def _judged(context: Context, checkups: list[Row], rules: list[Row], now: datetime) -> list[Judged]:
    found: list[Judged] = []
    devices = [_device(row) for row in checkups]
    for start in range(0, len(rules), POLICIES):
        some = rules[start : start + POLICIES]
        facts = {
            "Devices": devices,
            "Policies": [_policy(rule) for rule in some],
            "Now": _moment(now),
        }
        answer = context.invoke("Test-KISDCompliance", {}, facts)
        for row, told in zip(checkups, answer["Devices"], strict=True):
            for rule, one in zip(some, told["Results"], strict=True):
                found.append(_one(row, rule, one))
    return found


def _one(row: Row, rule: Row, told: Row) -> Judged:
    return Judged(
        row["id"],
        row["last_check_in"],
        rule["id"],
        rule["revision"],
        told["Outcome"],
        told["Reason"],
    )


def _device(row: Row) -> Row:
    seen = row["last_check_in"]
    return {
        "DeviceID": row["device_id"],
        "Platform": row["platform"],
        "LastCheckIn": _moment(seen) if seen else None,
        "Facts": row["facts"] | {name: row[name] for name in KNOWN},
    }


def _policy(rule: Row) -> Row:
    found = {
        "Key": str(rule["id"]),
        "Rule": rule["rule"],
        "StaleHours": rule["stale_hours"],
        "Enabled": True,
    }
    if rule["applies_to"] != "all_devices":
        found["Platforms"] = [rule["applies_to"]]
    return found


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _entry(context: Context, result: Row) -> Entry:
    policy_id = context.job.parameters.get("policy_id")
    return context.entry("policy.evaluated", "policy", policy_id, details={"after": result})
