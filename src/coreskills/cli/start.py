import time
import webbrowser
from pathlib import Path
from typing import Annotated, Any

import typer

from coreskills import config
from coreskills.cli import terminal
from coreskills.cli.seed import DATA, load
from coreskills.cli.terminal import HomeOption, JsonOption, Progress
from coreskills.errors import StackFailed
from coreskills.stack import docker, modes, native
from coreskills.stack import monitoring as beside
from coreskills.stack.client import Client
from coreskills.stack.home import Home, launcher
from coreskills.stack.native import Wishes

app = typer.Typer(add_completion=False, rich_markup_mode=None)
PROOF_SECONDS = 20.0


@app.command()
def start(
    mode: Annotated[modes.Wish | None, typer.Option(help="How to run (or CORESKILLS_MODE)")] = None,
    home: HomeOption = None,
    port_base: Annotated[
        int | None,
        typer.Option(
            min=1024, max=65000, help="First of a row of ports, instead of 5000, 5432 ..."
        ),
    ] = None,
    open: Annotated[
        bool, typer.Option("--open", help="No login: the sandbox, on loopback")
    ] = False,
    no_seed: Annotated[bool, typer.Option("--no-seed", help="Load no sample data")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, max=16, help="Worker processes; kept for later starts")
    ] = None,
    redis: Annotated[
        bool, typer.Option("--redis/--no-redis", help="Without: workers poll PostgreSQL")
    ] = True,
    monitoring: Annotated[
        bool,
        typer.Option(
            "--monitoring/--no-monitoring", help="What observes it: Prometheus, Grafana ..."
        ),
    ] = True,
    alerting: Annotated[
        bool | None,
        typer.Option(
            "--alerting/--no-alerting", help="Containers: Alertmanager, too; kept for later starts"
        ),
    ] = None,
    skip_check: Annotated[
        list[str] | None, typer.Option(help="Skip a preflight check by its id")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the API's page in a browser")] = False,
    json: JsonOption = False,
) -> None:
    """Start the stack, prove it with a job, say how to go on. Harmless when it runs already."""
    progress, wish = Progress(), modes.wished(mode)
    found = Home(config.home(given=home))
    skipped = frozenset(skip_check or ())
    wishes = Wishes(port_base, open, workers, redis, monitoring, alerting, skipped)
    with native.alone(found, progress):
        first = not found.exists
        way = modes.MODES[modes.choose(found, wish, docker.find(), progress)]
        way.start(found, wishes, progress)
        facts = way.facts(found)
        client = Client(facts["urls"]["api"], facts["token"])
        facts["round_trip_ms"] = _prove(client, progress)
        if not no_seed and not found.instance().get("seeded"):
            load(client, DATA, progress)
            found.save_instance(found.instance() | {"seeded": True})
        facts["monitoring"] = beside.wait_until_ready(found, progress)
    if json:
        terminal.put_json(facts)
    else:
        terminal.put(_last_block(found, facts, home, first=first))
    if browser:
        webbrowser.open(facts["urls"]["docs"])


def _prove(client: Client, progress: Progress) -> float:
    """A job goes in over HTTP, through the queue, and its result is read back."""
    began = time.perf_counter()
    job = client.post("/api/v1/jobs", {"type": "self_test"})
    done = client.wait_for_job(job["job_id"], PROOF_SECONDS)
    if done["status"] != "completed":
        raise StackFailed(
            f"The test job {done['status']}: {done['error_message']}",
            check="jobs.round_trip",
            fix="coreskills logs worker",
        )
    spent = (time.perf_counter() - began) * 1000
    progress(f"a job made the round trip in {spent:.0f} ms")
    return round(spent, 1)


def _last_block(found: Home, facts: dict[str, Any], home: Path | None, *, first: bool) -> str:
    api, run = facts["urls"]["api"], launcher()
    queue = "Redis" if facts["queue"] == "redis" else "none; workers poll PostgreSQL"
    lines = [
        "",
        f"CoreSkills is ready. Mode {facts['mode']}, queue {queue}, engine {facts['engine']}.",
        "",
        f"  API         {api}",
        f"  Try it out  {api}/docs",
        *_dashboards(found, facts),
        *_login(found, facts, first),
        "",
    ]
    if home is not None:
        lines.append(f"  export CORESKILLS_HOME={found.path}")
    if facts["open"]:
        lines.append(f"  curl {api}/api/v1/users")
    else:
        lines += [
            f"  export TOKEN=$({run} token)",
            f'  curl -H "Authorization: Bearer $TOKEN" {api}/api/v1/users',
        ]
    lines += [
        "",
        f"  {run} demo     a tour of five minutes     {run} status   what runs",
        f"  {run} check    is all well, and if not    {run} logs     what it says",
        f"  {run} --help   everything else            {run} stop     stop; data stays",
    ]
    return "\n".join(lines)


def _dashboards(found: Home, facts: dict[str, Any]) -> list[str]:
    urls, lines = facts["urls"], []
    if "prometheus" in urls:
        lines.append(f"  Prometheus  {urls['prometheus']}")
    if "grafana" in urls:
        password = found.path / "containers" / "grafana_admin"
        lines.append(f"  Grafana     {urls['grafana']}   admin, password in {password}")
    if facts.get("without"):
        lines.append(f"  Not here    {', '.join(facts['without'])}: no image could be had")
    return lines


def _login(found: Home, facts: dict[str, Any], first: bool) -> list[str]:
    if facts["open"]:
        return ["  Log in      not needed: this sandbox is open to this machine"]
    if first:
        password = found.secret("admin_password")
        return [f"  Log in      admin / {password}   (shown this once)"]
    return [f"  Log in      admin, password in {found.path / 'secrets' / 'admin_password'}"]
