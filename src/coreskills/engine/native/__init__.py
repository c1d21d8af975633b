"""The reference engine: the semantics of the KISDIdentity commands in Python."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from coreskills.domain.people import Strict, faults
from coreskills.engine import parameters as takes
from coreskills.engine.native import (
    accounts,
    changes,
    compliance,
    devices,
    grades,
    groups,
    lifecycle,
    lookup,
)
from coreskills.engine.native.answers import Answer, Facts, refusal


@dataclass(frozen=True)
class Command:
    """`facts` are those it reads; one with a ? may be left out."""

    takes: type[Strict]
    facts: tuple[str, ...]
    run: Callable[[Any, Facts], Answer]

    def invoke(self, parameters: dict[str, Any], facts: Facts) -> Answer:
        try:
            wanted = self.takes.model_validate(parameters)
        except ValidationError as exc:
            text = "; ".join(f"{fault.at} {fault.message}" for fault in faults(exc, at=""))
            raise refusal("validation_failed", text) from None
        return self.run(wanted, facts)


_NAMES = ("TakenUsernames", "StudentMailDomain", "StaffMailDomain", "DirectorySuffix")
_ONE = ("Account", "ProtectedUsernames?")
COMMANDS: dict[str, Command] = {
    "New-KISDStudentAccount": Command(
        takes.NewStudentAccount, (*_NAMES, "Account?", "Now?"), accounts.new_student_account
    ),
    "New-KISDStaffAccount": Command(
        takes.NewStaffAccount, (*_NAMES, "Account?", "Now?"), accounts.new_staff_account
    ),
    "New-KISDAccountBatch": Command(takes.NewAccountBatch, _NAMES, accounts.new_account_batch),
    "Set-KISDAccount": Command(takes.SetAccount, (*_ONE, "DirectorySuffix"), changes.set_account),
    "Rename-KISDAccount": Command(takes.RenameAccount, (*_ONE, *_NAMES), changes.rename_account),
    "Move-KISDAccount": Command(
        takes.MoveAccount, (*_ONE, "DirectorySuffix", "ProtectedOUs?"), changes.move_account
    ),
    "Step-KISDGrade": Command(
        takes.StepGrade,
        (*_ONE, "DirectorySuffix", "School?", "SteppedInYear?"),
        grades.step_grade,
    ),
    "Suspend-KISDAccount": Command(takes.SuspendAccount, _ONE, lifecycle.suspend_account),
    "Resume-KISDAccount": Command(takes.Nothing, _ONE, lifecycle.resume_account),
    "Disable-KISDAccount": Command(
        takes.DisableAccount,
        (*_ONE, "Now", "DirectorySuffix", "GraceDays?", "DevicesHeld?"),
        lifecycle.disable_account,
    ),
    "Restore-KISDAccount": Command(
        takes.RestoreAccount, (*_ONE, "DirectorySuffix"), lifecycle.restore_account
    ),
    "Remove-KISDAccount": Command(
        takes.RemoveAccount,
        (*_ONE, "Now", "DeleteAfter?", "ArchiveDays?", "DevicesHeld?", "LegalHold?"),
        lifecycle.remove_account,
    ),
    "Reset-KISDPassword": Command(takes.Nothing, _ONE, changes.reset_password),
    "Test-KISDAccount": Command(
        takes.Nothing,
        ("Account", "StudentMailDomain", "StaffMailDomain", "DirectorySuffix"),
        lookup.look_at_account,
    ),
    "Test-KISDAccountExists": Command(takes.OneAccount, ("TakenUsernames",), lookup.account_exists),
    "Update-KISDGroup": Command(
        takes.Nothing, ("Account or Accounts", "Groups?", "Licences?"), groups.update_group
    ),
    "Register-KISDDevice": Command(takes.RegisterDevice, ("Device",), devices.register_device),
    "Set-KISDDevice": Command(takes.SetDevice, ("Device",), devices.set_device),
    "Add-KISDDeviceAssignment": Command(
        takes.DeviceAssignment, ("Device", *_ONE), devices.add_device_assignment
    ),
    "Remove-KISDDeviceAssignment": Command(
        takes.DeviceReturn, ("Device",), devices.remove_device_assignment
    ),
    "Test-KISDCompliance": Command(
        takes.Nothing, ("Device or Devices", "Policies", "Now?"), compliance.judge_devices
    ),
    "Write-KISDAuditLog": Command(takes.WriteAuditLog, ("Now", "Actor?"), lookup.write_audit_log),
}


class NativeEngine:
    name = "native"
    version = "built in"

    def invoke(
        self, command: str, parameters: dict[str, Any], context: dict[str, Any], deadline: float
    ) -> dict[str, Any]:
        found = COMMANDS.get(command)
        if found is None:
            raise refusal("unknown_command", f"{command} is not a command of KISDIdentity")
        return found.invoke(parameters, context)

    def close(self) -> None:
        """Nothing is held."""
