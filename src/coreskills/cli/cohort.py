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
    table,
)
from coreskills.cli.waiting import Way, done, show
from coreskills.errors import StackFailed
from coreskills.stack.client import Client

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The end of a school year. SCHOOL is a number, an id of the rosters, or a name.",
)
School = Annotated[str, typer.Argument(help="3, north or 'North High'", show_default=False)]
Override = Annotated[str, typer.Option(help="Why it must be, although mass changes are frozen")]


@app.command("add-school")
def add_school(
    name: Annotated[str, typer.Argument(help="As people call it")],
    sourced_id: Annotated[str, typer.Option("--id", help="Its id in the rosters")],
    top_grade: Annotated[int, typer.Option(min=9, max=12, help="The last one taught there")] = 12,
    feeder: Annotated[str | None, typer.Option(help="The school that comes after")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Add a school, and say which one takes its pupils afterwards."""
    api = client(home)
    body: dict[str, Any] = {"sourced_id": sourced_id, "name": name, "top_grade": top_grade}
    if feeder:
        body["feeder_id"] = who.school(api, feeder)["id"]
    made = api.post("/api/v1/schools", body)
    if json:
        put_json(made)
    else:
        table([made], ["id", "sourced_id", "name", "top_grade", "feeder_id"])


@app.command("promote")
def promote(
    school: School,
    year: Annotated[int, typer.Option(help="The school year that ends", min=2020, max=2060)],
    retain: Annotated[
        list[str] | None, typer.Option(help="Who stays: S2028001 or user:12; repeatable")
    ] = None,
    override: Override = "",
    why: WhyOption = "",
    dry_run: DryRunOption = False,
    plan: PlanOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """All pupils of a school go to the next grade, or the next school; once a year."""
    api = client(home)
    body = Way(dry_run, plan, why).body | {
        "school_year": year,
        "school_id": who.school(api, school)["id"],
        "retained": sorted(_pupil(api, one) for one in retain or []),
        "override": override,
    }
    show(api, done(api, "cohorts/promote", body, "promote_cohort"), json=json)


@app.command("graduate")
def graduate(
    year: Annotated[int, typer.Argument(help="Of the class", min=2020, max=2060)],
    school: Annotated[str | None, typer.Option(help="Only of this school")] = None,
    override: Override = "",
    why: WhyOption = "",
    dry_run: DryRunOption = False,
    plan: PlanOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """A class leaves; who still holds a device stands first in the report."""
    api = client(home)
    body = Way(dry_run, plan, why).body | {"graduation_year": year, "override": override}
    if school:
        body["school_id"] = who.school(api, school)["id"]
    show(api, done(api, "cohorts/graduate", body, "graduate_cohort"), json=json)


@app.command("list")
def list_steps(home: HomeOption = None, json: JsonOption = False) -> None:
    """Which school has stepped in which year."""
    page = client(home).get("/api/v1/cohorts", limit=200)
    if json:
        put_json(page)
    else:
        table(page["cohorts"], ["school_year", "school_id", "job_id", "stepped_at"])


def _pupil(api: Client, text: str) -> str:
    """The school's id. Raises StackFailed for who is no pupil."""
    found = who.person(api, text)
    if found["type"] != "student":
        raise StackFailed(
            f"{text} is no pupil", check="cohort.retain", fix="coreskills list students"
        )
    return str(found["student_id"])
