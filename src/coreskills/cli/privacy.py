import json as jsonlib
from pathlib import Path
from typing import Annotated, Any

import typer

from coreskills.cli import who as whom
from coreskills.cli.terminal import HomeOption, JsonOption, client, put, put_json, say, table
from coreskills.cli.waiting import done
from coreskills.cli.who import WhoArgument

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Hand out, hold, and let go of personal data. WHO is the id of a student or a member of "
    "staff, or user:NUMBER.",
    no_args_is_help=True,
)
RULES = ["entity", "keep_days", "action", "purpose"]
STEPS = ["user_type", "job_type", "offset_days"]
GIVEN = ["id", "at", "party", "purpose", "people", "job_id"]
Reason = Annotated[str, typer.Option(help="Why; it stands in the trail")]


@app.command("export")
def export(
    who: WhoArgument,
    party: Annotated[str, typer.Option(help="Who is given the data")],
    purpose: Annotated[str, typer.Option(help="What for; both are written down")],
    out: Annotated[Path | None, typer.Option(help="A file instead of stdout")] = None,
    home: HomeOption = None,
) -> None:
    """Everything we hold about a person, as one JSON document."""
    api = client(home)
    wanted = {"party": party, "purpose": purpose}
    job = done(api, f"users/{whom.number(api, who)}/export", wanted, "export_person")["id"]
    record = api.post(f"/api/v1/exports/{job}/collect")
    if out is None:
        put_json(record)
    else:
        out.write_text(jsonlib.dumps(record, indent=2) + "\n", encoding="utf-8")
        say(f"written to {out}; the disclosure is noted under job {job}")


@app.command("hold")
def hold(who: WhoArgument, reason: Reason, home: HomeOption = None) -> None:
    """Nothing about this person is purged or swept from now on."""
    _hold(home, who, {"held": True, "reason": reason})
    say(f"{who} is held; coreskills privacy release {who} ends it")


@app.command("release")
def release(who: WhoArgument, reason: Reason, home: HomeOption = None) -> None:
    """The rules apply to this person again."""
    _hold(home, who, {"held": False, "reason": reason})
    say(f"{who} is not held any more")


@app.command("disclosures")
def disclosures(who: WhoArgument, home: HomeOption = None, json: JsonOption = False) -> None:
    """Who was given data about a person, when and what for."""
    api = client(home)
    path = f"/api/v1/users/{whom.number(api, who)}/disclosures"
    rows = list(api.pages(path, "disclosures"))
    if json:
        put_json({"disclosures": rows})
    else:
        table(rows, GIVEN)


@app.command("retention")
def retention(home: HomeOption = None, json: JsonOption = False) -> None:
    """The written policy: what is kept how long, and what for."""
    policy = client(home).get("/api/v1/retention")
    if json:
        put_json(policy)
        return
    table(policy["rules"], RULES)
    put("")
    table(policy["accounts"], STEPS)


def _hold(home: Path | None, who: str, wanted: dict[str, Any]) -> None:
    api = client(home)
    api.put(f"/api/v1/users/{whom.number(api, who)}/legal-hold", wanted)
