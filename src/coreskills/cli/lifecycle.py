import time
from typing import Annotated, Any

import typer

from coreskills.cli.terminal import HomeOption, JsonOption, client, put, put_json, say, table
from coreskills.cli.waiting import run
from coreskills.errors import StackFailed
from coreskills.stack.client import Client

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="What time does to accounts, and the clock that a lesson may turn.",
    no_args_is_help=True,
)
STEPS = ["event", "user_type", "position", "job_type", "offset_days", "enabled"]
PATIENCE = 600.0  # seconds until everything that a turn has set off has ended


@app.command("steps")
def list_steps(home: HomeOption = None, json: JsonOption = False) -> None:
    """Which jobs follow when somebody joins, moves or leaves, and after how many days."""
    found = client(home).get("/api/v1/lifecycle/steps")
    if json:
        put_json(found)
    else:
        table(found["steps"], STEPS)


@app.command("clock")
def show_clock(home: HomeOption = None, json: JsonOption = False) -> None:
    """The time by which timers fire, and how far it is ahead of the real one."""
    _tell(client(home).get("/api/v1/lifecycle/clock"), json=json)


@app.command("turn")
def turn_clock(
    days: Annotated[int, typer.Argument(min=0, max=3660, help="0: back to the real time")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Let days pass, for a demonstration, and wait for what they set off."""
    api = client(home)
    clock = api.post("/api/v1/lifecycle/clock", {"days": days})
    fired = run(api, "lifecycle_tick")["result"]["Fired"]
    wait_until_idle(api, PATIENCE)
    if not json:
        say(f"{fired} timers fired")
    _tell(clock | {"fired": fired}, json=json)


def _tell(clock: dict[str, Any], *, json: bool) -> None:
    if json:
        put_json(clock)
    else:
        put(f"now     {clock['now']}")
        put(f"ahead   {clock['ahead']}")


def wait_until_idle(api: Client, seconds: float) -> None:
    """Raises StackFailed when jobs are left by then."""
    deadline = time.monotonic() + seconds
    while waiting := [
        job
        for status in ("queued", "running")
        for job in api.get("/api/v1/jobs", status=status, limit=1)["jobs"]
    ]:
        if time.monotonic() > deadline:
            job = waiting[0]
            raise StackFailed(
                f"Job {job['id']}, {job['type']}, is still {job['status']} after {seconds:.0f} s; "
                "the clock was turned, and what that set off goes on",
                check="lifecycle.idle",
                fix=f"coreskills jobs list --status {job['status']}",
                exit_code=6,
            )
        time.sleep(0.1)
