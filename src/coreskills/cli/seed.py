import json as jsonlib
from pathlib import Path
from typing import Annotated, Any

import typer

from coreskills.cli.terminal import (
    HomeOption,
    JsonOption,
    Progress,
    YesOption,
    client,
    confirm,
    instance,
    put_json,
    say,
)
from coreskills.cli.waiting import ended, patience, run
from coreskills.errors import StackFailed
from coreskills.stack.client import Client, Refused

app = typer.Typer(add_completion=False, rich_markup_mode=None)
DATA = Path(__file__).parents[3] / "data" / "sample"
Row = dict[str, Any]


@app.command()
def seed(
    home: HomeOption = None,
    data: Annotated[Path, typer.Option(help="Folder with the three JSON files")] = DATA,
    clear: Annotated[bool, typer.Option("--clear", help="Erase all data first")] = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Load the sample data: 20 students, 12 devices, 7 policies. Run twice it changes nothing."""
    progress = Progress()
    if clear:
        confirm("This erases every person, device, policy, job and audit row. Go on?", yes=yes)
        from coreskills.stack.migrate import recreate

        recreate(instance(home))
        client(home).wait_until_well()
        progress("all data erased")
    counts = load(client(home), data, progress)
    if json:
        put_json(counts)
    else:
        say("the sample data is in place")


def load(api: Client, folder: Path, progress: Progress) -> Row:
    """Through the API like anybody else: people by jobs, devices and policies directly."""
    students = _create_students(api, _read(folder, "students"))
    ids = {row["student_id"]: row["id"] for row in api.pages("/api/v1/students", "students")}
    rows = _read(folder, "devices")
    facts = {row["device_id"]: row.pop("facts", None) for row in rows}
    devices = _create(api, "devices", [_assigned(row, ids) for row in rows])
    policies = _create(api, "policies", _read(folder, "policies"))
    if devices["created"] or policies["created"]:
        _check_in(api, facts)
    counts = {"students": students, "devices": devices, "policies": policies}
    words = [f"{c['total']} {name} ({c['created']} new)" for name, c in counts.items()]
    progress("sample data: " + ", ".join(words))
    return counts


def _check_in(api: Client, facts: dict[str, Row | None]) -> None:
    """Each device tells its facts, and the policies are held against them."""
    for device_id, told in facts.items():
        try:
            if told is not None:
                api.post(f"/api/v1/devices/{device_id}/facts", {"facts": told})
        except Refused as exc:
            if exc.code != "state_conflict":  # somebody has retired it since
                raise
    run(api, "policy_evaluate")


def _create_students(api: Client, rows: list[Row]) -> dict[str, int]:
    waiting = []
    for row in rows:
        try:
            waiting.append(api.post("/api/v1/students", row)["job_id"])
        except Refused as exc:
            if exc.code != "duplicate_person":
                raise
    for job_id in waiting:
        ended(api, job_id, patience("create_student"))
    return {"total": len(rows), "created": len(waiting)}


def _create(api: Client, resource: str, rows: list[Row]) -> dict[str, int]:
    created = 0
    for row in rows:
        try:
            api.post(f"/api/v1/{resource}", row)
            created += 1
        except Refused as exc:
            if exc.code not in ("duplicate_device", "duplicate_policy"):
                raise
    return {"total": len(rows), "created": created}


def _assigned(device: Row, ids: dict[str, int]) -> Row:
    holder = device.pop("assigned_to", None)
    return device | {"assigned_user_id": ids.get(holder) if holder else None}


def _read(folder: Path, name: str) -> list[Row]:
    path = folder / f"{name}.json"
    try:
        rows: list[Row] = jsonlib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise StackFailed(
            f"{path} cannot be read: {exc}",
            check="seed.files",
            fix="mend the file, or name the right folder with --data",
        ) from exc
    return rows
