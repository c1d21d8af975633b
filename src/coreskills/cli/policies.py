from typing import Annotated

import typer

from coreskills.cli.terminal import HomeOption, JsonOption, client, put_json, say, table
from coreskills.cli.waiting import run

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="What the policies say of the devices.",
    no_args_is_help=True,
)
COUNTS = ["id", "policy_name", "pass", "fail", "unknown", "error", "stale", "not_applicable"]
RESULTS = ["device_id", "outcome", "reason", "first_failed_at", "evaluated_at"]
OF_DEVICE = ["policy_id", "policy_name", "outcome", "reason", "grace_until"]


@app.command()
def counts(home: HomeOption = None, json: JsonOption = False) -> None:
    """How many devices pass and fail each policy."""
    rows = [*client(home).pages("/api/v1/compliance", "policies")]
    if json:
        put_json({"policies": rows})
    else:
        table(rows, COUNTS)


@app.command()
def results(
    policy_id: int,
    outcome: Annotated[str | None, typer.Option(help="pass, fail, unknown ...")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the last page said `next`")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """What a policy says of each device, and why."""
    page = client(home).get(
        f"/api/v1/policies/{policy_id}/results", outcome=outcome, limit=limit, cursor=cursor
    )
    if json:
        put_json(page)
        return
    table(page["results"], RESULTS)
    if "next" in page:
        say(f"more: coreskills policies results {policy_id} --cursor {page['next']}")


@app.command()
def device(device_id: str, home: HomeOption = None, json: JsonOption = False) -> None:
    """What each policy says of a device, and until when that is forgiven."""
    found = client(home).get(f"/api/v1/devices/{device_id}/compliance")
    if json:
        put_json(found)
        return
    say(f"{device_id} is {found['compliance_status']}")
    table(found["results"], OF_DEVICE)


@app.command()
def evaluate(
    device: Annotated[str | None, typer.Option(help="Only this device")] = None,
    policy: Annotated[int | None, typer.Option(help="Only this policy")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Hold the policies against the devices now, without waiting for the hour."""
    data = {"device_id": device, "policy_id": policy}
    given = {name: value for name, value in data.items() if value is not None}
    job = run(client(home), "policy_evaluate", given)
    if json:
        put_json(job)
    else:
        told = ", ".join(f"{n} {name}" for name, n in job["result"]["Counts"].items() if n)
        devices, policies = (job["result"][name] for name in ("Devices", "Policies"))
        say(f"{devices} devices, {policies} policies: {told or 'nothing to say'}")
