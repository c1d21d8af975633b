import json as jsonlib
from pathlib import Path
from typing import Annotated, Any

import typer

from coreskills.cli.terminal import HomeOption, JsonOption, client, put, put_json, say, table
from coreskills.errors import Invalid

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Hand out, hold, and let go of personal data.",
    no_args_is_help=True,
)
RULES = ["entity", "keep_days", "action", "purpose"]
STEPS = ["user_type", "job_type", "offset_days"]
GIVEN = ["id", "at", "party", "purpose", "people", "job_id"]
Reason = Annotated[str, typer.Option(help="Why; it stands in the trail")]
PATIENCE = 60.0


@app.command("export")
def export(
    id: int,
    party: Annotated[str, typer.Option(help="Who is given the data")],
    purpose: Annotated[str, typer.Option(help="What for; both are written down")],
    out: Annotated[Path | None, typer.Option(help="A file instead of stdout")] = None,
    home: HomeOption = None,
) -> None:
    """Everything we hold about a person, as one JSON document."""
    api = client(home)
    wanted = {"party": party, "purpose": purpose}
    job = api.post(f"/api/v1/users/{id}/export", wanted)["job_id"]
    done = api.wait_for_job(job, PATIENCE)
    if done["status"] != "completed":
        raise Invalid(f"Job {job} is {done['status']}: {done['error_message']}")
    record = api.post(f"/api/v1/exports/{job}/collect")
    if out is None:
        put_json(record)
    else:
        out.write_text(jsonlib.dumps(record, indent=2) + "\n", encoding="utf-8")
        say(f"written to {out}; the disclosure is noted under job {job}")


@app.command("hold")
def hold(id: int, reason: Reason, home: HomeOption = None) -> None:
    """Nothing about this person is purged or swept from now on."""
    _hold(home, id, {"held": True, "reason": reason})
    say(f"user {id} is held; coreskills privacy release {id} ends it")


@app.command("release")
def release(id: int, reason: Reason, home: HomeOption = None) -> None:
    """The rules apply to this person again."""
    _hold(home, id, {"held": False, "reason": reason})
    say(f"user {id} is not held any more")


@app.command("disclosures")
def disclosures(id: int, home: HomeOption = None, json: JsonOption = False) -> None:
    """Who was given data about a person, when and what for."""
    rows = list(client(home).pages(f"/api/v1/users/{id}/disclosures", "disclosures"))
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


def _hold(home: Path | None, id: int, wanted: dict[str, Any]) -> None:
    body = jsonlib.dumps(wanted).encode()
    client(home).send("PUT", f"/api/v1/users/{id}/legal-hold", body=body)
