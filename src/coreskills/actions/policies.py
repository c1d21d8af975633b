"""Setting, changing and retiring policies."""

from typing import Any

from coreskills.actions.request import Request, difference
from coreskills.domain.policies import Policy, PolicyChange
from coreskills.errors import Conflict, Fault, Invalid, NotFound, StaleVersion
from coreskills.store import audit, policies
from coreskills.store.db import Connection, Database

Row = dict[str, Any]
_FIELDS = tuple(PolicyChange.model_fields)


def set_policy(db: Database, request: Request, policy: Policy) -> Row:
    """Raises Conflict `duplicate_policy`, or Invalid."""
    _refuse_rule_for_people(policy.model_dump())
    with db.transaction() as conn:
        id = policies.insert_policy(conn, policy.model_dump())
        details = {"after": policy.model_dump(mode="json")}
        audit.insert_audit(conn, request.entry("policy.created", "policy", id, details=details))
        return _existing(conn, id)


def change_policy(
    db: Database, request: Request, id: int, version: int, change: PolicyChange
) -> Row:
    """Raises NotFound, StaleVersion, Invalid, or Conflict for a retired policy."""
    with db.transaction() as conn:
        before = _existing(conn, id)
        _refuse_retired(before)
        row = {name: before[name] for name in _FIELDS} | change.model_dump(exclude_unset=True)
        _refuse_rule_for_people(row)
        if not policies.update_policy(conn, id, version, row):
            raise StaleVersion(f"Policy {id} was changed meanwhile; read it again")
        delta = difference(before, row)
        audit.insert_audit(conn, request.entry("policy.changed", "policy", id, details=delta))
        return _existing(conn, id)


def retire_policy(db: Database, request: Request, id: int, version: int) -> Row:
    with db.transaction() as conn:
        before = _existing(conn, id)
        _refuse_retired(before)
        if not policies.retire_policy(conn, id, version):
            raise StaleVersion(f"Policy {id} was changed meanwhile; read it again")
        delta = {"before": {"retired": False}, "after": {"retired": True}}
        audit.insert_audit(conn, request.entry("policy.retired", "policy", id, details=delta))
        return _existing(conn, id)


def _existing(conn: Connection, id: int) -> Row:
    row = policies.select_policy(conn, id)
    if row is None:
        raise NotFound(f"There is no policy {id}")
    return row


def _refuse_retired(row: Row) -> None:
    if row["retired_at"]:
        raise Conflict(f"Policy {row['id']} is retired", code="state_conflict")


def _refuse_rule_for_people(row: Row) -> None:
    """A rule is about facts of devices, and people have none."""
    if row["rule"] is not None and row["applies_to"] == "all_users":
        fault = Fault("/rule", "rule_scope", "must not be given for all_users")
        raise Invalid("Only a policy for devices has a rule", [fault])
