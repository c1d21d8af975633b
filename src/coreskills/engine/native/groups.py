"""Groups and licences that follow from rules."""

from typing import Any

from coreskills.domain.rules import judge
from coreskills.engine.native.answers import Answer, Facts, account_of, change
from coreskills.engine.parameters import Nothing

_ENTITLED = ("active", "suspended")


def update_group(_: Nothing, facts: Facts) -> Answer:
    """Gives and takes what rules decide: `Groups` [{Name, Rule}] and `Licences` [{Sku, Rule, Seats,
    Used}], for `Accounts` or the one `Account`. Groups no rule names stay as they are. Active
    and suspended accounts are entitled. Seats are released first, then given in order; who gets
    none is told in Refused with licence_exhausted."""
    accounts = facts["Accounts"] if "Accounts" in facts else [account_of(facts)]
    groups, licences = facts.get("Groups", []), facts.get("Licences", [])
    entitled = [{r["Sku"] for r in licences if _holds(r, one)} for one in accounts]
    free = _free(accounts, licences, entitled)
    answers = []
    for account, wanted in zip(accounts, entitled, strict=True):
        skus, refused = _licences(account, licences, wanted, free)
        after = {"Groups": _groups(account, groups), "Licences": skus}
        before = {"Groups": account["Groups"], "Licences": account.get("Licences", [])}
        refusals = [{"Sku": sku, "ErrorCode": "licence_exhausted"} for sku in refused]
        told = {"Username": account["Username"]} | change("update", before, after)
        answers.append(told | {"Refused": refusals})
    return {
        "Changed": any(answer["Changed"] for answer in answers),
        "Accounts": answers,
        "Licences": [
            {"Sku": rule["Sku"], "Seats": rule["Seats"], "Used": rule["Seats"] - free[rule["Sku"]]}
            for rule in licences
        ],
    }


def _holds(rule: dict[str, Any], account: dict[str, Any]) -> bool:
    """A rule that cannot be decided gives nothing: better a missing licence than a leaked file."""
    return account["State"] in _ENTITLED and judge(rule["Rule"], account).outcome == "pass"


def _groups(account: dict[str, Any], rules: list[dict[str, Any]]) -> list[str]:
    names = {rule["Name"] for rule in rules}
    wanted = [rule["Name"] for rule in rules if _holds(rule, account)]
    kept = [name for name in account["Groups"] if name not in names or name in wanted]
    return kept + [name for name in wanted if name not in kept]


def _free(
    accounts: list[dict[str, Any]], licences: list[dict[str, Any]], entitled: list[set[str]]
) -> dict[str, int]:
    """Seats of each licence once all who lost their right have given theirs back."""
    free = {rule["Sku"]: rule["Seats"] - rule["Used"] for rule in licences}
    for account, wanted in zip(accounts, entitled, strict=True):
        for sku in account.get("Licences", []):
            if sku in free and sku not in wanted:
                free[sku] += 1
    return free


def _licences(
    account: dict[str, Any],
    licences: list[dict[str, Any]],
    wanted: set[str],
    free: dict[str, int],
) -> tuple[list[str], list[str]]:
    """What the account has afterwards, and what it was refused. Takes seats from `free`."""
    held = account.get("Licences", [])
    skus = [sku for sku in held if sku in wanted or sku not in free]
    refused = []
    for rule in licences:
        sku = rule["Sku"]
        if sku not in wanted or sku in skus:
            continue
        if free[sku] > 0:
            free[sku] -= 1
            skus.append(sku)
        else:
            refused.append(sku)
    return skus, refused
