from typing import Annotated, Any

import typer

from coreskills.cli import who
from coreskills.cli.terminal import HomeOption, JsonOption, client, put, put_json, say, table
from coreskills.cli.waiting import run
from coreskills.cli.who import FORMS
from coreskills.stack.client import Client

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Prove the audit trail, or read it.",
    no_args_is_help=True,
)
COLUMNS = ["id", "created_at", "actor", "action", "resource_type", "resource_id", "status"]
FAULTS = ["audit_id", "seq", "fault", "message"]


@app.command("verify")
def verify(
    head: Annotated[str, typer.Option(help="One that `audit head` printed earlier")] = "",
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Compare every row of the trail with its seal; 1 if one was changed, and which."""
    result: dict[str, Any] = run(client(home), "audit_verify", {"head": head})["result"]
    if json:
        put_json(result)
    else:
        _tell(result)
    if not result["Intact"]:
        raise typer.Exit(1)


@app.command("head")
def show_head(home: HomeOption = None, json: JsonOption = False) -> None:
    """Print the end of the sealed trail, to be kept where nobody of here can change it."""
    found = client(home).get("/api/v1/audit/head")
    if json:
        put_json(found)
    else:
        put(found["head"])


@app.command("list")
def list_audit(  # noqa: PLR0913  typer reads its options from here
    user: Annotated[str | None, typer.Option(help=f"{FORMS}, or just 12")] = None,
    job: Annotated[int | None, typer.Option(help="The number of a job")] = None,
    actor: Annotated[str | None, typer.Option(help="admin:grace")] = None,
    action: Annotated[str | None, typer.Option(help="account.purged")] = None,
    since: Annotated[str | None, typer.Option(help="2027-08-30T07:00:00Z")] = None,
    until: Annotated[str | None, typer.Option(help="Before this moment")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """The trail, newest first: of a person, a job, an actor or an action, and of a time."""
    api = client(home)
    wanted = {"user_id": _number(api, user), "job_id": job, "actor": actor, "action": action}
    page = api.get("/api/v1/audit", since=since, until=until, limit=limit, **wanted)
    if json:
        put_json(page)
    else:
        table(page["audit"], COLUMNS)


def _number(api: Client, user: str | None) -> int | None:
    """A number is not looked up: the trail also tells of people who are nobody any more."""
    if user is None:
        return None
    digits = user.removeprefix("user:")
    return int(digits) if digits.isdecimal() else who.number(api, user)


def _tell(result: dict[str, Any]) -> None:
    counts = (
        f"{result['Sealed']} rows sealed, {result['Redacted']} of them redacted,"
        f" {result['Unsealed']} not sealed yet"
    )
    if result["Intact"]:
        put(f"intact: {counts}; head {result['Head']}")
        return
    put(f"NOT intact: {result['First']['message']}")
    table(result["Faults"], FAULTS)
    say(f"{result['Faulty']} faults; {counts}")
