from typing import Annotated, Any

import typer

from coreskills.cli import who as whom
from coreskills.cli.terminal import (
    DryRunOption,
    HomeOption,
    JsonOption,
    PlanOption,
    WhyOption,
    YesOption,
    client,
    confirm,
    put,
    put_json,
    table,
)
from coreskills.cli.waiting import Way, done, show
from coreskills.cli.who import WhoArgument
from coreskills.stack.client import Client

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="What happens to the account of one person. WHO is the id of a student or a member of "
    "staff, or user:NUMBER. Exit 1 when it was refused.",
)
Row = dict[str, Any]
FACTS = ("id", "type", "first_name", "last_name", "username", "email", "ou", "state")


StartsOption = Annotated[
    str | None, typer.Option(help="First day, like 2027-08-30; staged until then")
]
ReviveOption = Annotated[bool, typer.Option("--revive", help="Bring back who has left")]


@app.command("add-student")
def add_student(
    id: Annotated[str, typer.Argument(help="The school's id")],
    first: str,
    last: str,
    grade: Annotated[int, typer.Option(min=9, max=12)],
    class_of: Annotated[int, typer.Option(help="Year of graduation")],
    starts_on: StartsOption = None,
    revive: ReviveOption = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """An account for somebody who joins; a known id is refused, unless --revive."""
    person = {"student_id": id, "first_name": first, "last_name": last}
    place = {"grade_level": grade, "graduation_year": class_of}
    _join(client(home), "students", person | place, starts_on, revive=revive, json=json)


@app.command("add-staff")
def add_staff(
    id: Annotated[str, typer.Argument(help="The school's id")],
    first: str,
    last: str,
    department: Annotated[str, typer.Option()],
    role: Annotated[str, typer.Option()],
    starts_on: StartsOption = None,
    revive: ReviveOption = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """The same for a member of staff."""
    person = {"employee_id": id, "first_name": first, "last_name": last}
    place = {"department": department, "role": role}
    _join(client(home), "staff", person | place, starts_on, revive=revive, json=json)


@app.command("show")
def show_account(who: WhoArgument, home: HomeOption = None, json: JsonOption = False) -> None:
    """Where an account stands, what may happen next, and what time will do."""
    api = client(home)
    person = whom.person(api, who)
    life = api.get(f"/api/v1/users/{person['id']}/lifecycle")
    if json:
        put_json(person | life)
        return
    for name in FACTS:
        put(f"{name:<12}{person[name] or '-'}")
    put(f"{'aliases':<12}{', '.join(life['aliases']) or '-'}")
    put(f"{'school':<12}{life['school'] or '-'}")
    for name in ("groups", "licences"):
        put(f"{name:<12}{', '.join(life[name]) or '-'}")
    put(f"{'may':<12}{', '.join(life['events']) or 'nothing more'}")
    waiting = [t for t in life["timers"] if not (t["fired_at"] or t["cancelled_at"])]
    if waiting:
        table(waiting, ["type", "due_at", "reason"])


def _act(act: str, title: str) -> None:
    """A command without options of its own."""

    def command(
        who: WhoArgument,
        why: WhyOption = "",
        dry_run: DryRunOption = False,
        plan: PlanOption = None,
        home: HomeOption = None,
        json: JsonOption = False,
    ) -> None:
        _carry_out(client(home), act, who, Way(dry_run, plan, why), json=json)

    command.__doc__ = title
    app.command(act)(command)


for act, title in (
    ("activate", "Open an account before its first day."),
    ("suspend", "Bar the login for a while; nothing else changes."),
    ("resume", "Open what was suspended."),
    ("restore", "Bring back who was disabled or archived: name, unit, groups."),
    ("archive", "Put away who was disabled; refused while devices are held."),
):
    _act(act, title)


@app.command("disable")
def disable(
    who: WhoArgument,
    reason: Annotated[str, typer.Option(help="leaver, admin, security or leave")] = "leaver",
    why: WhyOption = "",
    dry_run: DryRunOption = False,
    plan: PlanOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """End the login. A leaver is archived and purged when the time is over; nobody else is."""
    way = Way(dry_run, plan, why)
    _carry_out(client(home), "disable", who, way, json=json, reason=reason)


@app.command("delete")
def delete(
    who: WhoArgument,
    why: WhyOption = "",
    dry_run: DryRunOption = False,
    plan: PlanOption = None,
    yes: YesOption = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Forget who was archived, for good: names, ids and address are erased."""
    confirm(f"This erases {who} for good. Go on?", yes=yes or dry_run)
    _carry_out(client(home), "purge", who, Way(dry_run, plan, why), json=json)


@app.command("rename")
def rename(
    who: WhoArgument,
    first: Annotated[str | None, typer.Option(help="The new first name")] = None,
    last: Annotated[str | None, typer.Option(help="The new last name")] = None,
    why: WhyOption = "",
    dry_run: DryRunOption = False,
    plan: PlanOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """A new name, and with it username and address; the old address goes on as an alias."""
    names = {"first_name": first, "last_name": last}
    _carry_out(client(home), "rename", who, Way(dry_run, plan, why), json=json, **names)


@app.command("update")
def update(
    who: WhoArgument,
    first: Annotated[str | None, typer.Option(help="Spelt so from now on")] = None,
    last: Annotated[str | None, typer.Option(help="Spelt so from now on")] = None,
    grade: Annotated[int | None, typer.Option(min=9, max=12)] = None,
    class_of: Annotated[int | None, typer.Option(help="Year of graduation")] = None,
    department: Annotated[str | None, typer.Option(help="Of a member of staff")] = None,
    role: Annotated[str | None, typer.Option(help="Of a member of staff")] = None,
    why: WhyOption = "",
    dry_run: DryRunOption = False,
    plan: PlanOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Correct what is known of a person; unit and groups follow, the username stays."""
    data = {"first_name": first, "last_name": last, "department": department, "role": role}
    place = {"grade_level": grade, "graduation_year": class_of}
    way = Way(dry_run, plan, why)
    _carry_out(client(home), "update", who, way, json=json, **data, **place)


@app.command("move")
def move(
    who: WhoArgument,
    ou: Annotated[str | None, typer.Option(help="OU=...,DC=...")] = None,
    school: Annotated[str | None, typer.Option(help="Its number, id or name")] = None,
    why: WhyOption = "",
    dry_run: DryRunOption = False,
    plan: PlanOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """To another unit or school; groups and licences by rule follow within a minute."""
    api = client(home)
    place = {"ou": ou, "school_id": whom.school(api, school)["id"] if school else None}
    _carry_out(api, "move", who, Way(dry_run, plan, why), json=json, **place)


@app.command("reset-password")
def reset_password(
    who: WhoArgument, why: WhyOption = "", home: HomeOption = None, json: JsonOption = False
) -> None:
    """End the password, and show the new one: once, here, and nowhere else."""
    api = client(home)
    id = whom.number(api, who)
    done(api, f"users/{id}/reset-password", Way(why=why).body)
    shown = api.post(f"/api/v1/users/{id}/password")
    if json:
        put_json(shown)
    else:
        put(f"{shown['username']}  {shown['password']}")


def _carry_out(api: Client, act: str, who: str, way: Way, *, json: bool, **more: Any) -> None:
    given = {name: value for name, value in more.items() if value is not None}
    job = done(api, f"users/{whom.number(api, who)}/{act}", way.body | given)
    show(api, job, json=json)


def _join(
    api: Client, path: str, body: Row, starts_on: str | None, *, revive: bool, json: bool
) -> None:
    body |= {"starts_on": starts_on} if starts_on else {}
    body |= {"revive": True} if revive else {}
    job = done(api, path, body)
    result = job["result"]
    if json:
        put_json({"job_id": job["id"], **result})
    else:
        email, until = result.get("Email", ""), result.get("StartsOn")
        put(f"{result['Username']}  {email}{f'  staged until {until}' if until else ''}".rstrip())
