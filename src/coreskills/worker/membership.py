"""Groups and licences that follow from rules, for one person or for all.

The engine gets only the facts that rules name, some hundred accounts at a time: a call to
PowerShell is a line of at most 1 MiB. Seats are everybody's matter, so whoever loses one is asked
about first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from coreskills.domain.accounts import Recompute
from coreskills.errors import ChangedMeanwhile
from coreskills.store import audit, groups, licences, lifecycle
from coreskills.store.db import Connection
from coreskills.worker.context import Context, Outcome
from coreskills.worker.facts import account_facts, key_of
from coreskills.worker.plans import Change, Plan, carried_out

Row = dict[str, Any]
What = Literal["Groups", "Licences"]
BATCH = 500
ALWAYS = {"Username", "State", "Groups", "Licences"}


@dataclass(frozen=True)
class Verdict:
    """What an account has, what it shall have, and which licences found no seat."""

    account: Row
    has: list[str]
    gets: list[str]
    refused: list[str]

    @property
    def given(self) -> list[str]:
        return [name for name in self.gets if name not in self.has]

    @property
    def taken(self) -> list[str]:
        return [name for name in self.has if name not in self.gets]


def recompute_groups(context: Context) -> Outcome:
    wanted, accounts = _concerned(context)
    with context.db.reading() as conn:
        rules = groups.select_group_rules(conn)
    verdicts = _sorted_in(context, accounts, rules)

    def write(conn: Connection) -> None:
        if groups.select_group_rules(conn) != rules:
            raise ChangedMeanwhile("The rules were changed meanwhile")
        groups.delete_members(conn, [{"user_id": i, "name": n} for i, n in _taken(verdicts)])
        groups.insert_members(conn, [{"user_id": i, "name": n} for i, n in _given(verdicts)])

    return _carried_out(context, wanted.why, "Groups", verdicts, write)


def recompute_licences(context: Context) -> Outcome:
    wanted, accounts = _concerned(context)
    with context.db.reading() as conn:
        rules = licences.select_licence_rules(conn)
    verdicts = _shared_out(context, accounts, rules)

    def write(conn: Connection) -> None:
        if licences.select_licence_rules(conn) != rules:
            raise ChangedMeanwhile("Rules or seats were changed meanwhile")
        licences.delete_assignments(conn, [{"user_id": i, "sku": n} for i, n in _taken(verdicts)])
        licences.insert_assignments(conn, [{"user_id": i, "sku": n} for i, n in _given(verdicts)])

    return _carried_out(context, wanted.why, "Licences", verdicts, write)


def overdue(context: Context) -> list[tuple[What, Verdict]]:
    """Of everybody, those whom the next recomputation is going to give or take something."""
    with context.db.reading() as conn:
        accounts = lifecycle.select_accounts(conn, groups.select_concerned(conn, None))
        group_rules = groups.select_group_rules(conn)
        licence_rules = licences.select_licence_rules(conn)
    found: list[tuple[What, Verdict]] = []
    if group_rules:
        found += [("Groups", v) for v in _sorted_in(context, accounts, group_rules)]
    if licence_rules:
        found += [("Licences", v) for v in _shared_out(context, accounts, licence_rules)]
    return [(what, verdict) for what, verdict in found if verdict.given or verdict.taken]


def _sorted_in(context: Context, accounts: list[Row], rules: list[Row]) -> list[Verdict]:
    told = [{"Name": rule["name"], "Rule": rule["rule"]} for rule in rules]
    return list(_asked(context, accounts, "Groups", told))


def _concerned(context: Context) -> tuple[Recompute, list[Row]]:
    wanted = Recompute.model_validate(context.job.parameters)
    with context.db.reading() as conn:
        if wanted.user_id:
            lifecycle.select_account(conn, wanted.user_id)  # or it is unknown
        ids = groups.select_concerned(conn, wanted.user_id)
        return wanted, lifecycle.select_accounts(conn, ids)


def _asked(
    context: Context, accounts: list[Row], what: What, rules: list[Row]
) -> Iterator[Verdict]:
    """`rules` as the command takes them; the seats used are counted on from call to call."""
    named = ALWAYS.union(*(_fields(rule["Rule"]) for rule in rules))
    for start in range(0, len(accounts), BATCH):
        batch = accounts[start : start + BATCH]
        facts = [account_facts(account, context.settings) for account in batch]
        told = [{name: one[name] for name in one if name in named} for one in facts]
        answer = context.invoke("Update-KISDGroup", {}, {"Accounts": told, what: rules})
        used = {licence["Sku"]: licence["Used"] for licence in answer["Licences"]}
        for rule in rules:
            if "Sku" in rule:
                rule["Used"] = used[rule["Sku"]]
        for account, one in zip(batch, answer["Accounts"], strict=True):
            has = account[what.lower()]
            refused = [refusal["Sku"] for refusal in one["Refused"]]
            yield Verdict(account, has, one["After"].get(what, has), refused)


def _fields(rule: Any) -> set[str]:
    """Every fact that a rule names, however deep."""
    if isinstance(rule, list):
        return set().union(*(_fields(part) for part in rule))
    if not isinstance(rule, dict):
        return set()
    own = {rule["Field"]} if isinstance(rule.get("Field"), str) else set()
    return own.union(*(_fields(part) for part in rule.values()))


def _shared_out(context: Context, accounts: list[Row], rules: list[Row]) -> list[Verdict]:
    """Seats go to who is entitled in the order of their ids, once those without a right to theirs
    have given them back, in whichever batch they are."""
    seats = [
        {"Sku": r["sku"], "Rule": r["rule"], "Seats": r["seats"], "Used": r["used"]} for r in rules
    ]
    left = {account["id"]: account for account in accounts}
    if len(accounts) > BATCH:
        holders = [account for account in accounts if account["licences"]]
        full = [seat | {"Seats": seat["Used"]} for seat in seats]
        for verdict in _asked(context, holders, "Licences", full):
            kept = [sku for sku in verdict.has if sku not in verdict.taken]
            left[verdict.account["id"]] = verdict.account | {"licences": kept}
            for seat in seats:
                seat["Used"] -= seat["Sku"] in verdict.taken
    found = _asked(context, list(left.values()), "Licences", seats)
    return [
        Verdict(account, account["licences"], verdict.gets, verdict.refused)
        for account, verdict in zip(accounts, found, strict=True)
    ]


def _taken(verdicts: list[Verdict]) -> list[tuple[int, str]]:
    return [(verdict.account["id"], name) for verdict in verdicts for name in verdict.taken]


def _given(verdicts: list[Verdict]) -> list[tuple[int, str]]:
    return [(verdict.account["id"], name) for verdict in verdicts for name in verdict.given]


def _carried_out(
    context: Context, why: str, what: What, verdicts: list[Verdict], write: Any
) -> Outcome:
    changed = [verdict for verdict in verdicts if verdict.given or verdict.taken]

    def write_all(conn: Connection) -> None:
        if not changed:
            return
        if not groups.lock_unchanged(conn, [verdict.account for verdict in changed]):
            raise ChangedMeanwhile("An account was changed meanwhile")
        write(conn)
        entries = [
            context.entry_of_user(
                f"account.{what.lower()}_changed",
                verdict.account["id"],
                {"why": why, "before": {what: verdict.has}, "after": {what: verdict.gets}},
            )
            for verdict in changed
        ]
        audit.insert_audits(conn, entries)

    lines = [_line(verdict, what) for verdict in changed]
    lines += [_refusal(verdict, sku) for verdict in verdicts for sku in verdict.refused]
    lines.sort(key=lambda line: (line.key, line.action, line.message))
    result = {"Accounts": len(verdicts), "Changed": len(changed)}
    return carried_out(context, Plan(lines, write_all, result, len(verdicts)))


def _line(verdict: Verdict, what: What) -> Change:
    return Change(
        key=key_of(verdict.account),
        action="update",
        before={what: verdict.has},
        after={what: verdict.gets},
        version=verdict.account["version"],
    )


def _refusal(verdict: Verdict, sku: str) -> Change:
    return Change(
        key=key_of(verdict.account),
        action="error",
        before={},
        after={},
        code="licence_exhausted",
        message=f"No seat of {sku} is left",
    )
