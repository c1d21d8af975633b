"""What the facts of devices say about the district's policies."""

from datetime import timedelta
from typing import Any

from coreskills.domain.rules import Verdict, judge
from coreskills.engine.native.answers import Answer, Facts, fact, moment, refusal
from coreskills.engine.parameters import Nothing

OUTCOMES = ("pass", "fail", "unknown", "error", "not_applicable", "stale")


def judge_devices(_: Nothing, facts: Facts) -> Answer:
    """Judges `Device` {DeviceID, Platform, LastCheckIn, Facts}, or each of `Devices`, by `Policies`
    [{Key, Rule, Platforms?, StaleHours?, Enabled?}]. A policy that is disabled or for other
    platforms is not_applicable; facts older than StaleHours are stale; missing ones are unknown."""
    policies = fact(facts, "Policies")
    if "Devices" in facts:
        return {"Devices": [_of_device(one, policies, facts) for one in facts["Devices"]]}
    device = fact(facts, "Device")
    if device is None:
        raise refusal("not_found", "There is no such device")
    return _of_device(device, policies, facts)


def _of_device(device: dict[str, Any], policies: list[dict[str, Any]], facts: Facts) -> Answer:
    results = []
    for policy in policies:
        outcome, reason = _judged(device, policy, facts)
        results.append({"Policy": policy["Key"], "Outcome": outcome, "Reason": reason})
    found = [result["Outcome"] for result in results]
    counts = {outcome: found.count(outcome) for outcome in OUTCOMES}
    return {"DeviceID": device["DeviceID"], "Results": results, "Counts": counts}


def _judged(device: dict[str, Any], policy: dict[str, Any], facts: Facts) -> tuple[str, str]:
    if policy.get("Enabled") is False:
        return "not_applicable", "policy is disabled"
    platforms, platform = policy.get("Platforms"), device.get("Platform")
    if platforms and platform is None:
        return "unknown", "Platform is not known"
    if platforms and platform not in platforms:
        return "not_applicable", f"not for {platform}"
    if hours := policy.get("StaleHours"):
        seen = device.get("LastCheckIn")
        if seen is None:
            return "unknown", "LastCheckIn is not known"
        if moment(device, "LastCheckIn") + timedelta(hours=hours) < moment(facts):
            return "stale", f"not seen for {hours} hours"
    verdict: Verdict = judge(policy.get("Rule"), device["Facts"])
    return verdict.outcome, verdict.reason
