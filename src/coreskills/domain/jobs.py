"""What a job is, which states it has, and when it is tried again."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from coreskills.domain.accounts import (
    GraduateCohort,
    LookAtAccount,
    MoveAccount,
    NewStaff,
    NewStudent,
    PromoteCohort,
    Recompute,
    RenameAccount,
    UpdatePerson,
)
from coreskills.domain.devices import (
    AssignDevice,
    DeviceAct,
    RegisterDevice,
    ReturnCohort,
    ReturnDevice,
    SetDevice,
)
from coreskills.domain.lifecycle import AccountAct, DisableAccount, LifecycleTick
from coreskills.domain.people import Planned, Strict
from coreskills.domain.policies import EvaluatePolicies
from coreskills.domain.privacy import ExportPerson, RetentionSweep
from coreskills.domain.rosters import OneRosterExport, OneRosterImport
from coreskills.domain.trail import AuditVerify, Reconcile

MAX_ERRORS = 5  # failures of the work itself, retried with backoff
MAX_CRASHES = 3  # workers lost while running it: then it is poison, and dead
LONGEST_BACKOFF = 300.0

OPEN = frozenset({"queued", "running", "suspended"})
ENDED = frozenset({"completed", "failed", "dead", "cancelled"})
REDRIVABLE = frozenset({"failed", "dead", "cancelled"})


class SelfTest(Strict):
    """Proves the whole path; changes no person."""

    note: str = ""


class SweepExpired(Strict):
    """Removes what has outlived its use: idempotency keys, sessions, notes of wrong passwords."""


class ImportUsers(Planned):
    """`digest` is that of the file, so that a plan is followed with no other."""

    rows: int
    filename: str = ""
    digest: str


PARAMETERS: dict[str, type[BaseModel]] = {
    "create_student": NewStudent,
    "create_staff": NewStaff,
    "activate_account": AccountAct,
    "update_person": UpdatePerson,
    "rename_account": RenameAccount,
    "move_account": MoveAccount,
    "reset_password": AccountAct,
    "test_account": LookAtAccount,
    "suspend_account": AccountAct,
    "resume_account": AccountAct,
    "disable_account": DisableAccount,
    "restore_account": AccountAct,
    "archive_account": AccountAct,
    "delete_account": AccountAct,
    "lifecycle_tick": LifecycleTick,
    "group_recompute": Recompute,
    "licence_recompute": Recompute,
    "promote_cohort": PromoteCohort,
    "graduate_cohort": GraduateCohort,
    "device_register": RegisterDevice,
    "device_assign": AssignDevice,
    "device_return": ReturnDevice,
    "device_set": SetDevice,
    "device_retire": DeviceAct,
    "device_return_cohort": ReturnCohort,
    "policy_evaluate": EvaluatePolicies,
    "import_users": ImportUsers,
    "oneroster_import": OneRosterImport,
    "oneroster_export": OneRosterExport,
    "audit_verify": AuditVerify,
    "reconcile": Reconcile,
    "export_person": ExportPerson,
    "retention_sweep": RetentionSweep,
    "self_test": SelfTest,
    "sweep_expired": SweepExpired,
}
# Changes of many people at once: they wait while a freeze window is open.
MASS = frozenset({"import_users", "oneroster_import", "promote_cohort", "graduate_cohort"})
LONG = frozenset(  # never run in a batch with others
    {
        "import_users",
        "oneroster_import",
        "oneroster_export",
        "sweep_expired",
        "reconcile",
        "device_return_cohort",
        "policy_evaluate",
        "promote_cohort",
        "graduate_cohort",
        "group_recompute",
        "licence_recompute",
        "audit_verify",
        "retention_sweep",
    }
)
REPEATABLE = frozenset({"policy_evaluate"})  # looks at what there is; twice at once is no harm
UNIQUE = ("student_id", "employee_id", "device_id", "user_id", "org_id", "graduation_year")
RESTRICTED = {  # permissions beyond that to hand in jobs
    "export_person": "privacy.write",
    "retention_sweep": "privacy.write",
    "reset_password": "people.passwords",
    "promote_cohort": "cohorts.write",
    "graduate_cohort": "cohorts.write",
    "oneroster_export": "exports.write",
}
# An import comes with its file.
SUBMITTABLE = frozenset(PARAMETERS) - {"import_users", "oneroster_import"}


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. `attempt` and `worker` are the fence: every later write names them."""

    id: int
    job_type: str
    parameters: dict[str, Any]
    attempt: int
    worker: str
    error_count: int
    deadline_seconds: int
    requested_by: str
    request_id: str | None
    created_at: datetime


def unique_key(job_type: str, parameters: dict[str, Any]) -> str | None:
    """Two open jobs of one kind with the same key would do the same thing twice."""
    if job_type in REPEATABLE:
        return None
    for field in UNIQUE:
        if parameters.get(field) is not None:
            return str(parameters[field])
    return "all" if job_type.endswith("_recompute") else None


def essence(parameters: dict[str, Any]) -> dict[str, Any]:
    """What a plan was made for: the parameters without how they are to be followed."""
    ways = ("dry_run", "plan_id", "override", "why")
    return {name: value for name, value in parameters.items() if name not in ways}


def backoff_seconds(failures: int, draw: Callable[[float, float], float] = random.uniform) -> float:
    """Full jitter below min(300 s, 2 s doubled per failure), as AWS's study of retries advises."""
    return draw(0.0, min(LONGEST_BACKOFF, 2.0 * 2.0**failures))
