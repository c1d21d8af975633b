"""Every kind of job there is: what it takes, how long it may, and who may ask for it."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from coreskills.domain import accounts, devices
from coreskills.domain.lifecycle import AccountAct, DisableAccount, LifecycleTick
from coreskills.domain.people import Strict
from coreskills.domain.policies import EvaluatePolicies
from coreskills.domain.privacy import ExportPerson, RetentionSweep
from coreskills.domain.roster_jobs import ImportUsers, OneRosterExport, OneRosterImport
from coreskills.domain.trail import AuditVerify, Reconcile


class SelfTest(Strict):
    """Proves the whole path; changes no person."""

    note: str = ""


class SweepExpired(Strict):
    """Removes what has outlived its use: idempotency keys, sessions, notes of wrong passwords."""


HANDFUL = 5  # changes; so few are no accident, whatever share of a small school they are
WRITE = "jobs.write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`deadline` in seconds, at most 3600. `unique`: two open jobs that are equal in these
    parameters would do the same thing twice; without any, they may be open side by side.
    `alone`: never claimed together with others. `mass`: waits while a freeze window is open;
    `ends`: so do more than a HANDFUL of them at once. `with_file`: comes with a file, and so not
    by POST /api/v1/jobs. `permission` is what its caller needs, beside that to hand in jobs."""

    takes: type[BaseModel]
    unique: tuple[str, ...] = ()
    deadline: int = 60
    alone: bool = False
    mass: bool = False
    ends: bool = False
    with_file: bool = False
    permission: str = WRITE


def _act(takes: type[AccountAct] = AccountAct, *, ends: bool = False, needs: str = WRITE) -> Kind:
    return Kind(takes=takes, unique=("user_id",), ends=ends, permission=needs)


def _device(takes: type[BaseModel]) -> Kind:
    return Kind(takes=takes, unique=("device_id",))


_RECOMPUTE = Kind(
    takes=accounts.Recompute,
    unique=("user_id",),
    deadline=300,
    alone=True,
    permission="groups.write",
)

KINDS: dict[str, Kind] = {
    "create_student": Kind(takes=accounts.NewStudent, unique=("student_id",)),
    "create_staff": Kind(takes=accounts.NewStaff, unique=("employee_id",)),
    "activate_account": _act(),
    "update_person": _act(accounts.UpdatePerson),
    "rename_account": _act(accounts.RenameAccount),
    "move_account": _act(accounts.MoveAccount),
    "reset_password": _act(needs="people.passwords"),
    "test_account": Kind(takes=accounts.LookAtAccount, unique=("user_id",)),
    "suspend_account": _act(),
    "resume_account": _act(),
    "disable_account": _act(DisableAccount, ends=True),
    "restore_account": _act(),
    "archive_account": _act(ends=True),
    "delete_account": _act(ends=True, needs="people.purge"),
    "lifecycle_tick": Kind(takes=LifecycleTick, permission="lifecycle.clock"),
    "group_recompute": _RECOMPUTE,
    "licence_recompute": _RECOMPUTE,
    "promote_cohort": Kind(
        takes=accounts.PromoteCohort,
        unique=("school_id",),
        deadline=300,
        alone=True,
        mass=True,
        permission="cohorts.write",
    ),
    "graduate_cohort": Kind(
        takes=accounts.GraduateCohort,
        unique=("graduation_year",),  # of one school or of all: they would meet
        deadline=300,
        alone=True,
        mass=True,
        permission="cohorts.write",
    ),
    "device_register": _device(devices.RegisterDevice),
    "device_assign": _device(devices.AssignDevice),
    "device_return": _device(devices.ReturnDevice),
    "device_set": _device(devices.SetDevice),
    "device_retire": _device(devices.DeviceAct),
    "device_return_cohort": Kind(
        takes=devices.ReturnCohort,
        unique=("graduation_year", "school_id"),
        deadline=600,
        alone=True,
        mass=True,
    ),
    "policy_evaluate": Kind(takes=EvaluatePolicies, deadline=600, alone=True),
    "import_users": Kind(takes=ImportUsers, deadline=600, alone=True, mass=True, with_file=True),
    "oneroster_import": Kind(
        takes=OneRosterImport, deadline=900, alone=True, mass=True, with_file=True
    ),
    "oneroster_export": Kind(
        takes=OneRosterExport, deadline=300, alone=True, permission="exports.write"
    ),
    "audit_verify": Kind(takes=AuditVerify, deadline=3600, alone=True, permission="audit.read"),
    "reconcile": Kind(takes=Reconcile, deadline=600, alone=True, permission="audit.read"),
    "export_person": Kind(takes=ExportPerson, unique=("user_id",), permission="privacy.write"),
    "retention_sweep": Kind(
        takes=RetentionSweep, deadline=600, alone=True, permission="privacy.write"
    ),
    "self_test": Kind(takes=SelfTest, permission="jobs.self_test"),
    "sweep_expired": Kind(takes=SweepExpired, deadline=600, alone=True),
}
_UNKNOWN = Kind(takes=Strict)  # to this version, or brought along by a test


def kind_of(job_type: str) -> Kind:
    return KINDS.get(job_type, _UNKNOWN)


def is_restricted(job_type: str) -> bool:
    """Whether not everybody who hands in jobs may hand in this one."""
    return kind_of(job_type).permission not in (WRITE, "jobs.self_test")


def unique_key(job_type: str, parameters: dict[str, Any]) -> str | None:
    """Equal for two jobs of one kind that would do the same thing twice."""
    names = kind_of(job_type).unique
    if not names:
        return None
    given = ["" if parameters.get(name) is None else str(parameters[name]) for name in names]
    return ":".join(given) if any(given) else "all"
