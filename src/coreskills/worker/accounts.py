"""Jobs that move an account through its life. The engine decides; what it decided is written only
if the account is still the one it decided about."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from coreskills.domain.jobs import PARAMETERS
from coreskills.domain.lifecycle import LEAVER
from coreskills.errors import Conflict, NotFound
from coreskills.store import audit, lifecycle
from coreskills.store.db import Connection
from coreskills.worker.context import Context, Outcome
from coreskills.worker.plans import Change, Plan, carried_out

Row = dict[str, Any]
DUE_AT_ONCE = 500  # timers for which one tick makes jobs
CHANGED = "account_changed"  # somebody wrote between the engine's look and our transaction
COLUMNS = {
    "State": "state",
    "DisableReason": "disable_reason",
    "OU": "ou",
    "OriginalOU": "original_ou",
    "Username": "username",
    "Email": "email",
    "FirstName": "first_name",
    "LastName": "last_name",
    "GradeLevel": "grade_level",
    "GraduationYear": "graduation_year",
    "Department": "department",
    "Role": "role",
}


@dataclass(frozen=True)
class Act:
    command: str
    action: str  # in the trail
    parameters: Callable[[Any], Row] = lambda wanted: {}


ACTS = {
    "suspend_account": Act("Suspend-KISDAccount", "account.suspended"),
    "resume_account": Act("Resume-KISDAccount", "account.resumed"),
    "disable_account": Act(
        "Disable-KISDAccount", "account.disabled", lambda wanted: {"Reason": wanted.reason}
    ),
    "restore_account": Act("Restore-KISDAccount", "account.restored"),
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


def move_account(context: Context) -> Outcome:
    act, kind = ACTS[context.job.job_type], context.job.job_type
    wanted: Any = PARAMETERS[kind].model_validate(context.job.parameters)
    with context.db.reading() as conn:
        account = lifecycle.select_account(conn, wanted.user_id)
        now = lifecycle.select_now(conn)
    if account is None:
        raise NotFound(f"There is no user {wanted.user_id}")
    answer = context.invoke(act.command, act.parameters(wanted), account_facts(account, now))
    return carried_out(context, _plan(context, act, account, answer))


def _plan(context: Context, act: Act, account: Row, answer: Row) -> Plan:
    purges, why = answer["Action"] == "purge", context.job.parameters.get("why", "")

    def write(conn: Connection) -> None:
        if not answer["Changed"]:
            return
        _change(conn, account, answer["After"], why, purges=purges)
        _set_timers(conn, account["id"], answer, purges=purges)
        details = {"why": why, "before": answer["Before"], "after": answer["After"]}
        audit.insert_audit(conn, context.audit(act.action, account["id"], details))

    line = Change(
        key=f"user:{account['id']}",
        action=answer["Action"],
        before=answer["Before"],
        after=answer["After"],
        version=account["version"],
    )
    told = {"Action": "purge", "Changed": True} if purges else answer
    return Plan([line], write, told)


def tick(context: Context) -> Outcome:
    with context.db.transaction() as conn:
        fired = lifecycle.fire_timers(conn, actor="lifecycle", limit=DUE_AT_ONCE)
    return Outcome({"Fired": fired})


def account_facts(account: Row, now: datetime) -> Row:
    """A timer's job exists because its time is over, so that is what DeleteAfter says."""
    moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "Now": moment,
        "DeleteAfter": moment,
        "DevicesHeld": account["devices_held"],
        "LegalHold": account["legal_hold"],
        "Account": {
            **{name: account[column] for name, column in COLUMNS.items()},
            "Kind": account["user_type"],
            "PersonKey": account["student_id"] or account["employee_id"],
            "Aliases": account["aliases"],
            "Groups": [],
            "RememberedGroups": [],
        },
    }


def _change(conn: Connection, account: Row, after: Row, why: str, *, purges: bool) -> None:
    if purges:
        done = lifecycle.purge_account(conn, account)
    else:
        changes = {COLUMNS[name]: value for name, value in after.items() if name in COLUMNS}
        done = lifecycle.update_account(conn, account, changes, reason=why or None)
    if not done:
        raise Conflict(f"User {account['id']} was changed meanwhile", code=CHANGED)


def _set_timers(conn: Connection, id: int, answer: Row, *, purges: bool) -> None:
    """A leaver's time begins; whoever comes back, or is gone for good, has none running."""
    if answer.get("CancelTimers") or purges:
        lifecycle.cancel_timers(conn, id)
    if answer["After"].get("DisableReason") == LEAVER:
        lifecycle.start_timers(conn, id, "left")
