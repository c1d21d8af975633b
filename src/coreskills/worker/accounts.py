"""Jobs that move an account through its life. The engine decides; what it decided is written only
if the account is still the one it decided about."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from coreskills.domain.jobs import PARAMETERS
from coreskills.domain.lifecycle import LEAVER
from coreskills.errors import Conflict, NotFound
from coreskills.store import audit, lifecycle
from coreskills.store.db import Connection
from coreskills.worker.context import Context, Outcome

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
    if account is None:
        raise NotFound(f"There is no user {wanted.user_id}")
    answer = context.invoke(act.command, act.parameters(wanted), {"Account": _facts(account)})
    result = answer | {"DryRun": wanted.dry_run}
    if wanted.dry_run or not answer["Changed"]:
        return Outcome(result)

    def write(conn: Connection) -> None:
        _change(conn, account, answer["After"], wanted.why)
        _set_timers(conn, account["id"], answer["After"])
        details = {"why": wanted.why, "before": answer["Before"], "after": answer["After"]}
        audit.insert_audit(conn, context.audit(act.action, account["id"], details))

    purged = answer["After"]["State"] == "purged"
    return Outcome({"Action": "purge", "Changed": True} if purged else result, write)


def tick(context: Context) -> Outcome:
    with context.db.transaction() as conn:
        fired = lifecycle.fire_timers(conn, actor="lifecycle", limit=DUE_AT_ONCE)
    return Outcome({"Fired": fired})


def _facts(account: Row) -> Row:
    return {
        "Username": account["username"],
        "Email": account["email"],
        "Aliases": account["aliases"],
        "OU": account["ou"],
        "OriginalOU": account["original_ou"],
        "State": account["state"],
        "DisableReason": account["disable_reason"],
        "PersonKey": account["student_id"] or account["employee_id"],
        "DevicesHeld": account["devices_held"],
        "LegalHold": account["legal_hold"],
    }


def _change(conn: Connection, account: Row, after: Row, why: str) -> None:
    if after["State"] == "purged":
        done = lifecycle.purge_account(conn, account)
    else:
        changes = {COLUMNS[name]: value for name, value in after.items()}
        done = lifecycle.update_account(conn, account, changes, reason=why or None)
    if not done:
        raise Conflict(f"User {account['id']} was changed meanwhile", code=CHANGED)


def _set_timers(conn: Connection, id: int, after: Row) -> None:
    """A leaver's time begins; whoever comes back, or is gone for good, has none running."""
    if after["State"] in ("active", "purged"):
        lifecycle.cancel_timers(conn, id)
    elif after.get("DisableReason") == LEAVER:
        lifecycle.start_timers(conn, id, "left")
