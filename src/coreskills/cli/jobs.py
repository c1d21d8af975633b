import json as jsonlib
import time
from typing import Annotated

import typer

from coreskills.cli import waterfall
from coreskills.cli.terminal import HomeOption, JsonOption, client, put, put_json, say, table
from coreskills.errors import Fault, Invalid

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="List, show, trace, submit, approve, cancel and retry jobs.",
    no_args_is_help=True,
)
TRACED_WITHIN = 1.0  # seconds after its end
COLUMNS = ["id", "type", "status", "attempt", "requested_by", "created_at", "error_code"]


@app.command("list")
def list_jobs(
    status: Annotated[str | None, typer.Option(help="queued, running, dead ...")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Jobs, newest first."""
    page = client(home).get("/api/v1/jobs", status=status, limit=limit)
    if json:
        put_json(page)
    else:
        table(page["jobs"], COLUMNS)


@app.command("show")
def show_job(id: int, home: HomeOption = None, json: JsonOption = False) -> None:
    """One job: what was asked, what came out, every attempt."""
    job = client(home).get(f"/api/v1/jobs/{id}")
    if json:
        put_json(job)
        return
    for name in ("type", "status", "requested_by", "created_at", "completed_at", "error_message"):
        put(f"{name:<14}{job[name]}")
    put(f"{'data':<14}{jsonlib.dumps(job['data'])}")
    put(f"{'result':<14}{jsonlib.dumps(job['result'])}")
    table(job["attempts"], ["attempt", "worker", "engine", "started_at", "ended_at", "outcome"])


@app.command("submit")
def submit_job(
    type: str,
    data: Annotated[str, typer.Argument(help="JSON object")] = "{}",
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Submit a job, for example: self_test."""
    try:
        parsed = jsonlib.loads(data)
    except ValueError as exc:
        raise Invalid("DATA is not JSON", [Fault("DATA", "bad_json", str(exc))]) from None
    done = client(home).post("/api/v1/jobs", {"type": type, "data": parsed})
    if json:
        put_json(done)
    else:
        say(f"job {done['job_id']} is {done['status']}; coreskills jobs show {done['job_id']}")


@app.command("rows")
def list_rows(
    id: int,
    action: Annotated[str | None, typer.Option(help="create, disable, noop, error ...")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """What a job did, or what its dry run plans to do, line by line."""
    page = client(home).get(f"/api/v1/jobs/{id}/rows", action=action, limit=limit)
    if json:
        put_json(page)
    else:
        table(page["rows"], ["line", "key", "action", "error_code", "message"])


@app.command("trace")
def trace_job(id: int, home: HomeOption = None, json: JsonOption = False) -> None:
    """Where the time of a job went, step by step."""
    api = client(home)
    trace = api.get(f"/api/v1/jobs/{id}/trace")
    deadline = time.monotonic() + TRACED_WITHIN
    while not trace["complete"] and time.monotonic() < deadline:
        time.sleep(0.1)
        trace = api.get(f"/api/v1/jobs/{id}/trace")
    if json:
        put_json(trace)
        return
    for line in waterfall.lines(trace):
        put(line)


@app.command("approve")
def approve_job(id: int, home: HomeOption = None) -> None:
    """Agree, as a second person, to a change over its threshold."""
    client(home).post(f"/api/v1/jobs/{id}/approve")
    say(f"job {id} is approved and queued")


@app.command("cancel")
def cancel_job(id: int, home: HomeOption = None) -> None:
    """Stop a job for good, also one that is running."""
    client(home).post(f"/api/v1/jobs/{id}/cancel")
    say(f"job {id} is cancelled")


@app.command("retry")
def retry_job(id: int, home: HomeOption = None) -> None:
    """Queue again what failed, died or was cancelled."""
    client(home).post(f"/api/v1/jobs/{id}/retry")
    say(f"job {id} is queued again")
