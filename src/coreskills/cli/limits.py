from typing import Annotated

import typer

from coreskills.cli.terminal import HomeOption, JsonOption, client, put_json, say, table

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="How much a job may change alone, and when nothing may be changed.",
    no_args_is_help=True,
)


@app.command("list")
def list_limits(home: HomeOption = None, json: JsonOption = False) -> None:
    """Thresholds and freeze windows."""
    api = client(home)
    found = api.get("/api/v1/thresholds") | api.get("/api/v1/freeze-windows")
    if json:
        put_json(found)
        return
    table(found["thresholds"], ["job_type", "action", "most", "percent"])
    if found["freeze_windows"]:
        table(found["freeze_windows"], ["id", "starts_at", "ends_at", "reason"])


@app.command("set")
def set_threshold(
    job_type: str,
    action: str,
    most: Annotated[int, typer.Option(min=0, help="More than so many wait for approval")],
    percent: Annotated[int, typer.Option(min=0, max=100, help="More than this share, too")],
    home: HomeOption = None,
) -> None:
    """Change a threshold."""
    body = {"most": most, "percent": percent}
    path = f"/api/v1/thresholds/{job_type}/{action}"
    client(home).put(path, body)
    say(f"{job_type}: more than {most} or {percent} % to {action} wait for a second person")


@app.command("freeze")
def freeze(
    starts_at: Annotated[str, typer.Argument(help="2027-06-15T00:00:00Z")],
    ends_at: str,
    reason: Annotated[str, typer.Option(help="Shown to whoever is refused")],
    home: HomeOption = None,
) -> None:
    """Accept no mass change for a while."""
    body = {"starts_at": starts_at, "ends_at": ends_at, "reason": reason}
    made = client(home).post("/api/v1/freeze-windows", body)
    say(f"frozen; coreskills limits thaw {made['id']} ends it sooner")


@app.command("thaw")
def thaw(id: int, home: HomeOption = None) -> None:
    """End a freeze."""
    client(home).delete(f"/api/v1/freeze-windows/{id}")
    say(f"freeze window {id} is over")
