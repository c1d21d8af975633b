import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

import typer

from coreskills import config
from coreskills.broker import streams
from coreskills.cli import observation
from coreskills.cli.terminal import HomeOption, JsonOption, instance, put, put_json
from coreskills.errors import AppError
from coreskills.health.probe import CannotTell, Finding, Probe, Result, in_turn
from coreskills.health.probes import api, engine, jobs, postgres, redis
from coreskills.stack import (
    compose,
    compose_preflight,
    data_probe,
    docker,
    modes,
    native,
    preflight,
    state,
)
from coreskills.stack.account import unprivileged
from coreskills.stack.client import Client, Refused
from coreskills.stack.home import Home
from coreskills.stack.postgres import url
from coreskills.stack.programs import redis_of
from coreskills.store import roles
from coreskills.store.db import Database

app = typer.Typer(add_completion=False, rich_markup_mode=None)
DATA_PROBE = ("python", "-m", "coreskills.stack.data_probe")


@app.command()
def check(home: HomeOption = None, json: JsonOption = False) -> None:
    """Ask everything that can be unwell. Exit 1: something failed; 7: something could not run.

    What needs a server that does not answer is not run, and says so.
    """
    results = run(instance(home), (lambda _: None) if json else _show)
    counts = summary(results)
    if json:
        put_json({**counts, "checks": [asdict(result) for result in results]})
    else:
        put(f"\n{counts['ok']} ok, {counts['failed']} failed, {counts['not_run']} not run")
    if counts["failed"]:
        raise typer.Exit(1)
    if counts["not_run"]:
        raise typer.Exit(7)


def run(home: Home, show: Callable[[Result], None]) -> list[Result]:
    """Every probe in turn; `show` gets each result as it comes."""
    in_containers = home.instance()["mode"] == "compose"
    results = []
    for result in _in_containers(home) if in_containers else _native(home):
        results.append(result)
        show(result)
    return results


def _native(home: Home) -> Iterator[Result]:
    instance_, operator = home.instance(), _operator(home)
    address = url(roles.API, home.secret(roles.API), instance_["ports"]["postgres"], roles.DATABASE)
    settings = replace(config.Settings(), database_url=address)
    db = Database(settings, smallest=1, largest=1)
    has_redis = instance_["queue"] == "redis"
    queue = streams.connect(redis_of(home, unprivileged()).url() if has_redis else "")
    try:
        probes = [
            _supervisor(home),
            _services(home),
            *postgres.probes(db),
            *redis.probes(queue),
            *api.probes(_fetch(operator), lambda: round_trip(operator)),
            *engine.probes(native.engine_of(home)),
            *jobs.probes(db),
            *observation.probes(home),
            *(p for p in preflight.probes(home.path) if p.id in ("disk.free", "memory.free")),
        ]
        yield from in_turn(probes)
    finally:
        db.close()


def _in_containers(home: Home) -> Iterator[Result]:
    """PostgreSQL and Redis are not published: the container of the API asks them."""
    operator = _operator(home)
    yield _services(home).run()
    data = _beside_the_data(home)
    yield from data
    of_docker = compose_preflight.probes(home.path, docker.find())
    probes = [
        *api.probes(_fetch(operator), lambda: round_trip(operator)),
        _engine_of_workers(operator),
        *observation.probes(home),
        *(p for p in of_docker if p.id.startswith("docker.")),
    ]
    yield from in_turn(probes, known=data)


def _engine_of_workers(operator: Client) -> Probe:
    """A job has to ask it, for it is in their containers."""
    fix = "coreskills logs worker"
    return Probe("engine.serves", "An engine serves", lambda: serves(operator), fix, api.SERVES)


def _beside_the_data(home: Home) -> list[Result]:
    asked = Probe(
        "data.asked",
        "The API's container asks",
        lambda: Finding("", "no answer came from it"),
        "coreskills logs api",
    )
    try:
        return data_probe.told(compose.inside(home, "api", *DATA_PROBE))
    except (ValueError, AppError):
        return [asked.run()]


def _supervisor(home: Home) -> Probe:
    title = "The supervisor works"
    return Probe("supervisor.works", title, lambda: supervised(home), "coreskills start")


def _services(home: Home) -> Probe:
    return Probe(
        "services.running", "Every service runs", lambda: running(home), "coreskills start"
    )


def _operator(home: Home) -> Client:
    address = f"http://{home.host}:{home.instance()['ports']['api']}"
    return Client(address, home.secret("operator_token"), 10)


def summary(results: list[Result]) -> dict[str, int]:
    verdicts = [result.verdict for result in results]
    return {
        "total": len(results),
        "ok": verdicts.count("ok"),
        "failed": verdicts.count("failed"),
        "not_run": verdicts.count("not_run"),
    }


def supervised(home: Home) -> Finding:
    """Of the native mode; without it nothing that ends is started again."""
    found, trouble = state.read(home), native.trouble(home)
    if found is None or not native.status(home):
        raise CannotTell("nothing is running")
    measured = f"process {found.supervisor.pid}"
    return Finding(measured, trouble.message, trouble.fix) if trouble else Finding(measured)


def running(home: Home) -> Finding:
    services, trouble = modes.of(home).status(home), modes.of(home).trouble(home)
    down = [s.name for s in services if s.state != "running"]
    restarts = sum(service.restarts for service in services)
    measured = f"{len(services) - len(down)} of {len(services)}, {restarts} restarts"
    if not services:
        return Finding("0", "nothing is running")
    fix = trouble.fix if trouble else ""
    return Finding(measured, f"not running: {', '.join(down)}" if down else "", fix)


def serves(client: Client) -> Finding:
    """As a job found it."""
    done = _self_test(client)
    result = done["result"] or {}
    return Finding(str(result.get("Engine", "")), str(done["error_message"] or ""))


def round_trip(client: Client) -> Finding:
    began = time.perf_counter()
    done = _self_test(client)
    measured = f"{done['status']} in {(time.perf_counter() - began) * 1000:.0f} ms"
    return Finding(measured, "" if done["status"] == "completed" else str(done["error_message"]))


def _self_test(client: Client) -> dict[str, Any]:
    job = client.post("/api/v1/jobs", {"type": "self_test"})
    return client.wait_for_job(job["job_id"], 15)


def _fetch(client: Client) -> Callable[[str, bool], tuple[int, bytes]]:
    def fetch(path: str, as_operator: bool) -> tuple[int, bytes]:
        who = client if as_operator else replace(client, token=None)
        try:
            answer = who.send("GET", path)
        except Refused as exc:
            return exc.status, b""
        return answer.status, answer.body

    return fetch


def _show(result: Result) -> None:
    words = {"ok": "ok     ", "failed": "FAILED ", "not_run": "not run"}
    begin = f"{words[result.verdict]}  {result.title:<28}"
    if result.because:
        put(f"{begin} for {result.because} failed")
        return
    put(f"{begin} {result.measured}  ({result.milliseconds} ms)")
    if result.verdict != "ok":
        put(f"         {result.id}: {result.why}")
        put(f"         fix: {result.fix}")
