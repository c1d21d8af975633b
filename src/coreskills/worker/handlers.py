"""One function per kind of job. It gathers facts, asks the engine, and says what to write."""

from collections.abc import Callable

from coreskills.store import housekeeping
from coreskills.worker import (
    accounts,
    cohorts,
    compliance,
    custody,
    joining,
    membership,
    reconcile,
)
from coreskills.worker.context import Context, Outcome
from coreskills.worker.csv_import import import_users
from coreskills.worker.oneroster_export import export_oneroster
from coreskills.worker.oneroster_import import import_oneroster
from coreskills.worker.privacy import export_person, retention_sweep
from coreskills.worker.trail import audit_verify

Handler = Callable[[Context], Outcome]


def self_test(context: Context) -> Outcome:
    """The whole path without a person: queue, engine, PostgreSQL."""
    command, wanted = "Test-KISDAccountExists", {"Username": "self.test"}
    return Outcome(context.invoke(command, wanted, {"TakenUsernames": []}))


def sweep_expired(context: Context) -> Outcome:
    with context.db.transaction() as conn:
        return Outcome({"Removed": housekeeping.sweep(conn)})


HANDLERS: dict[str, Handler] = {
    "create_student": joining.create_student,
    "create_staff": joining.create_staff,
    **dict.fromkeys(accounts.ACTS, accounts.act_on),
    "test_account": accounts.look_at,
    "group_recompute": membership.recompute_groups,
    "licence_recompute": membership.recompute_licences,
    "promote_cohort": cohorts.promote,
    "graduate_cohort": cohorts.graduate,
    "lifecycle_tick": accounts.tick,
    "device_register": custody.register,
    "device_assign": custody.assign,
    "device_return": custody.take_back,
    "device_set": custody.set_device,
    "device_retire": custody.retire,
    "device_return_cohort": custody.take_back_cohort,
    "policy_evaluate": compliance.evaluate,
    "import_users": import_users,
    "oneroster_import": import_oneroster,
    "oneroster_export": export_oneroster,
    "audit_verify": audit_verify,
    "reconcile": reconcile.compare,
    "export_person": export_person,
    "retention_sweep": retention_sweep,
    "self_test": self_test,
    "sweep_expired": sweep_expired,
}
