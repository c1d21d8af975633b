"""Jobs about one account that is there. The engine decides; what it decided is written only if the
account is still the one it decided about."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from coreskills.domain import lifecycle as moves
from coreskills.domain.kinds import KINDS
from coreskills.domain.naming import stem
from coreskills.domain.people import DATA
from coreskills.errors import EngineFailed
from coreskills.store import lifecycle, orgs, passwords, users
from coreskills.store.db import Connection
from coreskills.worker import effects
from coreskills.worker.context import Context, Outcome
from coreskills.worker.effects import Decision
from coreskills.worker.facts import NAMES, account_facts, moment
from coreskills.worker.plans import Plan, carried_out

Row = dict[str, Any]
DUE_AT_ONCE = 500  # timers for which one tick makes jobs


@dataclass(frozen=True)
class Act:
    """`ask` answers for kinds that need more than the command with its parameters."""

    command: str
    trail: str
    parameters: Callable[[Any], Row] = lambda wanted: {}
    ask: Callable[["Case"], Decision] | None = None
    event: str | None = None


@dataclass(frozen=True)
class Case:
    """One account, and what is wanted of it."""

    context: Context
    act: Act
    wanted: Any
    account: Row
    now: str

    def invoke(self, parameters: Row, **facts: Any) -> Row:
        """A timer's job exists because its time is over, so that is what DeleteAfter says."""
        known = {
            "Now": self.now,
            "DeleteAfter": self.now,
            "DevicesHeld": self.account["devices_held"],
            "LegalHold": self.account["legal_hold"],
            "Account": account_facts(self.account, self.context.settings),
        }
        return self.context.invoke(self.act.command, parameters, known | facts)

    def decision(self, answer: Row, **columns: Any) -> Decision:
        trail = self.act.trail.format(kind=self.account["user_type"])
        return Decision(self.account, answer, trail, columns, self.act.event)

    def decide(self) -> Decision:
        if self.act.ask:
            return self.act.ask(self)
        return self.decision(self.invoke(self.act.parameters(self.wanted)))


def act_on(context: Context) -> Outcome:
    """Any kind of ACTS."""
    kind = context.job.job_type
    wanted: Any = KINDS[kind].takes.model_validate(context.job.parameters)
    case = case_of(context, kind, wanted, wanted.user_id)
    return carry_out(context, case.decide(), wanted.why)


def case_of(context: Context, kind: str, wanted: Any, user_id: int) -> Case:
    with context.db.reading() as conn:
        account = lifecycle.select_account(conn, user_id)
        now = moment(lifecycle.select_now(conn))
    return Case(context, ACTS[kind], wanted, account, now)


def carry_out(context: Context, decision: Decision, why: str) -> Outcome:
    answer = decision.answer
    resets = answer["Action"] == "reset"

    def write(conn: Connection) -> None:
        effects.write(conn, context, [decision], why)
        if resets:
            job = context.job
            user_id = decision.account["id"]
            passwords.reset_password(conn, user_id, job_id=job.id, reset_by=job.requested_by)

    if not answer["Changed"]:
        return carried_out(context, Plan([decision.change], lambda conn: None, answer))
    told = {"Action": "purge", "Changed": True} if decision.purges else answer
    return carried_out(context, Plan([decision.change], write, told))


def look_at(context: Context) -> Outcome:
    """Reads only: what does not fit together in one account."""
    user_id = int(context.job.parameters["user_id"])
    with context.db.reading() as conn:
        account = lifecycle.select_account(conn, user_id)
    facts = {"Account": account_facts(account, context.settings)}
    return Outcome(context.invoke("Test-KISDAccount", {}, facts))


def tick(context: Context) -> Outcome:
    with context.db.transaction() as conn:
        fired = lifecycle.fire_timers(conn, actor="lifecycle", limit=DUE_AT_ONCE)
    return Outcome({"Fired": fired})


def _activate(case: Case) -> Decision:
    """Only who waits for the first day; what a person suspended, no timer opens."""
    if case.account["state"] != "active":
        moves.after("activate", case.account["state"])
    return case.decision(case.invoke({}))


def _update(case: Case) -> Decision:
    wanted = case.wanted
    if wanted.version not in (None, case.account["version"]):
        raise EngineFailed(
            f"It is version {case.account['version']} by now, not {wanted.version}",
            permanent=True,
            code="version_conflict",
        )
    return case.decision(case.invoke(_given(wanted)))


def _rename(case: Case) -> Decision:
    """Username and address follow the name; race by race, more of the taken names are looked at."""
    account, parameters = case.account, _given(case.wanted)
    person = {name: account[name] for name in DATA} | case.wanted.model_dump(exclude_none=True)
    base = stem(
        account["user_type"] == "student",
        person["first_name"] or "",
        person["last_name"] or "",
        account["student_id"] or account["employee_id"] or "",
    )
    with case.context.db.reading() as conn:
        taken = users.select_taken_usernames(conn, [base], widely=case.context.race > 0)
    answer = case.invoke(parameters, TakenUsernames=sorted(taken))
    renamed = {"username_stem": base} if "Username" in answer["After"] else {}
    return case.decision(answer, **renamed)


def _move(case: Case) -> Decision:
    """To another unit, another school, or both."""
    account, school_id = case.account, case.wanted.school_id
    answer = case.invoke({"OU": case.wanted.ou or account["ou"] or "OU=nowhere"})
    if school_id in (None, account["school_id"]):
        return case.decision(answer)
    with case.context.db.reading() as conn:
        school = orgs.select_school(conn, school_id)
    moved = {
        "Action": "move",
        "Changed": True,
        "Before": answer["Before"] | {"School": account["school"]},
        "After": answer["After"] | {"School": school["name"]},
    }
    return case.decision(answer | moved, school_id=school_id)


def _given(wanted: Any) -> Row:
    """What is to be changed, under the names of the commands."""
    given = wanted.model_dump(exclude_none=True)
    return {NAMES[name]: given[name] for name in DATA if name in given}


ACTS = {
    "activate_account": Act("Resume-KISDAccount", "account.activated", ask=_activate),
    "update_person": Act("Set-KISDAccount", "{kind}.changed", ask=_update, event="moved"),
    "rename_account": Act("Rename-KISDAccount", "account.renamed", ask=_rename),
    "move_account": Act("Move-KISDAccount", "account.moved", ask=_move, event="moved"),
    "reset_password": Act("Reset-KISDPassword", "account.password_reset"),
    "suspend_account": Act("Suspend-KISDAccount", "account.suspended"),
    "resume_account": Act("Resume-KISDAccount", "account.resumed"),
    "disable_account": Act(
        "Disable-KISDAccount", "account.disabled", lambda wanted: {"Reason": wanted.reason}
    ),
    "restore_account": Act("Restore-KISDAccount", "account.restored", event="moved"),
    "archive_account": Act(
        "Remove-KISDAccount",
        "account.archived",
        lambda wanted: {"Stage": "archive", "ByTimer": wanted.by_timer},
    ),
    "delete_account": Act(
        "Remove-KISDAccount",
        "account.purged",
        lambda wanted: {"Stage": "purge", "ByTimer": wanted.by_timer},
    ),
}
