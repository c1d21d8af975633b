"""Jobs that register devices, hand them out, take them back and write them off.

The engine decides about a device and its holder; what it decided is written only if nobody has
moved the device since. That counts as its version, not `version`, which each check-in raises.
"""

from collections.abc import Callable
from typing import Any

from coreskills.domain.devices import (
    AssignDevice,
    DeviceAct,
    RegisterDevice,
    ReturnCohort,
    ReturnDevice,
    SetDevice,
)
from coreskills.errors import ChangedMeanwhile, Conflict, EngineFailed, NotFound
from coreskills.store import audit, custody, lifecycle, orgs
from coreskills.store.audit import Entry
from coreskills.store.db import Connection
from coreskills.worker.context import Context, Outcome
from coreskills.worker.plans import Change, Plan, carried_out

Row = dict[str, Any]
COLUMNS = {
    "DeviceID": "device_id",
    "DeviceName": "device_name",
    "DeviceType": "device_type",
    "Platform": "platform",
    "SerialNumber": "serial_number",
    "OSVersion": "os_version",
    "Status": "status",
    "AssignedTo": "holder",
}
OF_THE_BOOKS = ("DeviceID", "DeviceName", "DeviceType", "Platform", "SerialNumber", "OSVersion")


def register(context: Context) -> Outcome:
    wanted = RegisterDevice.model_validate(context.job.parameters)
    with context.db.reading() as conn:
        device = custody.select_custody(conn, wanted.device_id)
    row = {COLUMNS[name]: getattr(wanted, COLUMNS[name]) for name in OF_THE_BOOKS}
    parameters = {name: row[COLUMNS[name]] for name in OF_THE_BOOKS if row[COLUMNS[name]]}
    facts = {"Device": _facts(device) if device else None}
    answer = context.invoke("Register-KISDDevice", parameters, facts)

    def write(conn: Connection) -> None:
        id = custody.register_device(conn, row)
        audit.insert_audit(conn, _entry(context, "device.registered", id, None, answer))

    return _carried_out(context, device or {"device_id": wanted.device_id}, answer, write)


def assign(context: Context) -> Outcome:
    wanted = AssignDevice.model_validate(context.job.parameters)
    device = _device(context, wanted.device_id)
    with context.db.reading() as conn:
        account = lifecycle.select_account(conn, wanted.user_id)
    person = {
        "Username": account["username"],
        "State": account["state"],
        "PersonKey": account["student_id"] or account["employee_id"],
    }
    answer = context.invoke(
        "Add-KISDDeviceAssignment",
        {"DeviceID": wanted.device_id},
        {"Device": _facts(device), "Account": person},
    )

    def write(conn: Connection) -> None:
        _move(context, conn, [(device, "assigned", wanted.user_id)])
        entry = _entry(context, "device.assigned", device["id"], wanted.user_id, answer)
        audit.insert_audit(conn, entry)

    return _carried_out(context, device, answer, write)


def take_back(context: Context) -> Outcome:
    wanted = ReturnDevice.model_validate(context.job.parameters)
    device = _device(context, wanted.device_id)
    answer = _returned(context, device, wanted.condition)

    def write(conn: Connection) -> None:
        _move(context, conn, [(device, answer["After"]["Status"], None)])
        audit.insert_audit(conn, _entry_of_return(context, device, answer))

    return _carried_out(context, device, answer, write)


def set_device(context: Context) -> Outcome:
    wanted = SetDevice.model_validate(context.job.parameters)
    device = _device(context, wanted.device_id)
    _refuse_to_forget_holder(device, wanted.status)
    given = {
        "DeviceName": wanted.device_name,
        "OSVersion": wanted.os_version,
        "Status": wanted.status,
    }
    parameters = {name: value for name, value in given.items() if value is not None}
    answer = context.invoke("Set-KISDDevice", parameters, {"Device": _facts(device)})
    after = answer["After"]

    def write(conn: Connection) -> None:
        name = after.get("DeviceName", device["device_name"])
        os_version = after.get("OSVersion", device["os_version"])
        if not custody.describe_device(conn, device, device_name=name, os_version=os_version):
            raise ChangedMeanwhile("A device was changed meanwhile")
        if "Status" in after:
            _move(context, conn, [(device, after["Status"], device["assigned_user_id"])])
        entry = _entry(context, "device.changed", device["id"], device["assigned_user_id"], answer)
        audit.insert_audit(conn, entry)

    return _carried_out(context, device, answer, write)


def retire(context: Context) -> Outcome:
    wanted = DeviceAct.model_validate(context.job.parameters)
    device = _device(context, wanted.device_id)
    if device["status"] == "retired":  # the command refuses what is retired, whatever is wanted
        answer = {"DeviceID": wanted.device_id, "Action": "noop", "Changed": False}
        return _carried_out(context, device, answer | {"Before": {}, "After": {}}, _nothing)
    _refuse_to_forget_holder(device, "retired")
    answer = context.invoke("Set-KISDDevice", {"Status": "retired"}, {"Device": _facts(device)}) | {
        "Action": "retire"
    }

    def write(conn: Connection) -> None:
        _move(context, conn, [(device, "retired", None)])
        audit.insert_audit(conn, _entry(context, "device.retired", device["id"], None, answer))

    return _carried_out(context, device, answer, write)


def take_back_cohort(context: Context) -> Outcome:
    """Many devices, one job: all that can be taken back are, in one transaction; a line of the
    report for each."""
    wanted = ReturnCohort.model_validate(context.job.parameters)
    with context.db.reading() as conn:
        if wanted.school_id:
            orgs.select_school(conn, wanted.school_id)
        held = custody.select_custody_of_cohort(
            conn, graduation_year=wanted.graduation_year, school_id=wanted.school_id
        )
        population = custody.count_custody(conn)
    lines: list[Change] = []
    answers: list[tuple[Row, Row]] = []
    for device in held:
        try:
            answer = _returned(context, device, wanted.condition)
        except EngineFailed as exc:
            if not exc.permanent:
                raise
            lines.append(_line(device, {"Action": "error"}, exc))
        else:
            lines.append(_line(device, answer))
            answers.append((device, answer))

    def write(conn: Connection) -> None:
        _move(context, conn, [(device, a["After"]["Status"], None) for device, a in answers])
        audit.insert_audits(conn, [_entry_of_return(context, *pair) for pair in answers])

    told = {"Devices": len(held), "Returned": len(answers)}
    return carried_out(context, Plan(lines, write if answers else _nothing, told, population))


def _nothing(conn: Connection) -> None:
    return None


def _carried_out(
    context: Context, device: Row, answer: Row, write: Callable[[Connection], None]
) -> Outcome:
    """Of one device. What is as it is wanted is left alone."""
    plan = Plan([_line(device, answer)], write if answer["Changed"] else _nothing, answer)
    return carried_out(context, plan)


def _line(device: Row, answer: Row, refused: EngineFailed | None = None) -> Change:
    return Change(
        key=f"device:{device['device_id']}",
        action=answer["Action"],
        before=answer.get("Before", {}),
        after=answer.get("After", {}),
        code=refused.code if refused else None,
        message=refused.message if refused else "",
        version=device.get("moves"),
    )


def _device(context: Context, device_id: str) -> Row:
    with context.db.reading() as conn:
        device = custody.select_custody(conn, device_id)
    if device is None:
        raise NotFound(f"There is no device {device_id}")
    return device


def _facts(device: Row) -> Row:
    return {name: device[column] for name, column in COLUMNS.items()}


def _returned(context: Context, device: Row, condition: str) -> Row:
    parameters = {"DeviceID": device["device_id"], "Condition": condition}
    return context.invoke("Remove-KISDDeviceAssignment", parameters, {"Device": _facts(device)})


def _refuse_to_forget_holder(device: Row, status: str | None) -> None:
    """What is in repair or lost may still be somebody's; the command looks at the status only."""
    if device["assigned_user_id"] and status in ("in_stock", "retired"):
        raise Conflict(
            f"{device['device_id']} is with {device['holder']}; take it back first",
            code="device_held",
        )


def _move(context: Context, conn: Connection, moves: list[tuple[Row, str, int | None]]) -> None:
    if custody.move_devices(conn, moves, actor=context.job.requested_by) != len(moves):
        raise ChangedMeanwhile("A device was changed meanwhile")


def _entry_of_return(context: Context, device: Row, answer: Row) -> Entry:
    return _entry(context, "device.returned", device["id"], device["assigned_user_id"], answer)


def _entry(context: Context, action: str, id: int, user_id: int | None, answer: Row) -> Entry:
    """`user_id`: the person who gets, has or had it."""
    details = {
        "why": context.job.parameters.get("why", ""),
        "before": answer["Before"],
        "after": answer["After"],
    }
    return context.entry(action, "device", id, user_id=user_id, details=details)
