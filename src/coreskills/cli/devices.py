import json as jsonlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from coreskills.cli import who
from coreskills.cli.terminal import (
    DryRunOption,
    HomeOption,
    JsonOption,
    PlanOption,
    WhyOption,
    client,
    put_json,
    say,
    table,
)
from coreskills.cli.waiting import Way, run, show
from coreskills.errors import StackFailed
from coreskills.stack.client import Client

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Hand devices out, take them back, see who holds what.",
    no_args_is_help=True,
)
Row = dict[str, Any]
HISTORY = ["id", "username", "assigned_at", "assigned_by", "returned_at", "condition"]
HELD = ["device_id", "device_name", "status", "person", "username", "state", "assigned_at"]


@app.command("register")
def register(
    device_id: Annotated[str, typer.Argument(help="What stands on its label")],
    name: str,
    type: Annotated[str, typer.Option(help="laptop, desktop, tablet or mobile")],
    platform: Annotated[str, typer.Option(help="windows, macos, chromeos, ipados or linux")],
    serial: Annotated[str | None, typer.Option(help="The maker's number")] = None,
    os_version: Annotated[str | None, typer.Option(help="10.0.22631")] = None,
    why: WhyOption = "",
    dry_run: DryRunOption = False,
    plan: PlanOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Put a device into the books, and into stock."""
    data = {
        "device_id": device_id,
        "device_name": name,
        "device_type": type,
        "platform": platform,
        "serial_number": serial,
        "os_version": os_version,
    }
    given = {key: value for key, value in data.items() if value is not None}
    _run(client(home), "device_register", given, Way(dry_run, plan, why), json=json)


@app.command()
def assign(
    device_id: str,
    person: who.WhoArgument,
    why: WhyOption = "",
    dry_run: DryRunOption = False,
    plan: PlanOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Hand a device from stock to a person."""
    api = client(home)
    data = {"device_id": device_id, "user_id": who.number(api, person)}
    _run(api, "device_assign", data, Way(dry_run, plan, why), json=json)


@app.command("return")
def take_back(
    device_id: str,
    condition: Annotated[str, typer.Option(help="good, damaged or lost")] = "good",
    why: WhyOption = "",
    dry_run: DryRunOption = False,
    plan: PlanOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Take a device back; its condition decides where it goes."""
    data = {"device_id": device_id, "condition": condition}
    _run(client(home), "device_return", data, Way(dry_run, plan, why), json=json)


@app.command("set")
def set_status(
    device_id: str,
    status: Annotated[str, typer.Argument(help="in_stock, repair, lost or retired")],
    why: WhyOption = "",
    dry_run: DryRunOption = False,
    plan: PlanOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Send a device to repair, report it lost, put it back into stock, or write it off."""
    data = {"device_id": device_id, "status": status}
    kind = "device_set"
    if status == "retired":
        kind = "device_retire"
        del data["status"]
    _run(client(home), kind, data, Way(dry_run, plan, why), json=json)


@app.command("return-cohort")
def take_back_cohort(
    year: Annotated[int | None, typer.Option(help="Graduation year")] = None,
    school: Annotated[str | None, typer.Option(help="Its number, id or name")] = None,
    why: WhyOption = "",
    dry_run: DryRunOption = False,
    plan: PlanOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Take back everything that a year, or a school, holds; one job, a line for each device."""
    api = client(home)
    data = {
        "graduation_year": year,
        "school_id": who.school(api, school)["id"] if school else None,
    }
    _run(api, "device_return_cohort", data, Way(dry_run, plan, why), json=json)


@app.command()
def history(
    device_id: str,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Who has a device, and who had it before."""
    page = client(home).get(f"/api/v1/devices/{device_id}/assignments", limit=limit)
    if json:
        put_json(page)
    else:
        table(page["assignments"], HISTORY)


@app.command()
def held(
    home: HomeOption = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    json: JsonOption = False,
) -> None:
    """Devices of people who left: to be collected."""
    page = client(home).get("/api/v1/devices/held-by-leavers", limit=limit)
    if json:
        put_json(page)
    else:
        table(page["devices"], HELD)


@app.command("check-in")
def check_in(
    device_id: str,
    facts: Annotated[Path, typer.Argument(help="JSON file; - reads stdin", allow_dash=True)],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Tell the facts of a device, as its agent would."""
    try:
        text = sys.stdin.read() if str(facts) == "-" else facts.read_text(encoding="utf-8")
        told = jsonlib.loads(text)
    except (OSError, ValueError) as exc:
        raise StackFailed(
            f"{facts} cannot be read: {exc}", check="devices.facts", fix="name a JSON file"
        ) from exc
    device = client(home).post(f"/api/v1/devices/{device_id}/facts", {"facts": told})
    if json:
        put_json(device)
    else:
        say(f"{device_id} told {len(told)} facts")


def _run(api: Client, kind: str, data: Row, way: Way, *, json: bool) -> None:
    """Ask for the job, wait for it, and tell what it did."""
    given = {name: value for name, value in data.items() if value is not None}
    show(api, run(api, kind, given | way.body), json=json)
