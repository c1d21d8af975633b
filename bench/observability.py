"""What it costs the API to tell what it does, and how long a scrape takes."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import IO

import psycopg
from harness import peers
from harness.instance import Instance, add_callers, fill_users, free_port, instance, say
from harness.load import Load, require_wrk, wrk
from harness.peers import Server
from harness.processes import cpu_seconds, tree
from harness.report import Report, median, percentile, rounded

from coreskills.stack.programs import API_PROCESSES, Program, api_command, programs

PATHS = {"the express lane": "/api/v1/users?limit=20", "Flask": "/api/v1/jobs?limit=20"}
CALLERS = 16
NEWLINE = b"\n"
SETTLED = 6.0  # seconds until the process that replaces a killed one serves, and may be killed
SILENT, COUNTED, TOLD = "neither", "metrics", "metrics and log"
UNTOLD = {SILENT: "metrics,log", COUNTED: "log", TOLD: ""}


@dataclass(frozen=True)
class Round:
    load: Load
    cpu_us: float  # of the API alone


def main() -> None:
    options, report = _options(), Report("observability")
    require_wrk()
    with ExitStack() as stack:
        target = stack.enter_context(instance())
        fill_users(target, options.people)
        _fill_jobs(target, options.jobs)
        tokens = add_callers(target, CALLERS)
        (program,) = [p for p in programs(target.home) if p.name == "api"]
        servers = [stack.enter_context(_server(program, name)) for name in UNTOLD]
        for lane, path in PATHS.items():
            _compare(report, lane, _measured(servers, path, tokens, options))
        _in_turn(report, program, tokens[0])
        _visit_everything(servers[-1], tokens)
        _scrapes(report, target, servers[-1], options.scrapes)
    report.put()


def _measured(
    servers: list[Server], path: str, tokens: list[str], options: argparse.Namespace
) -> dict[str, list[Round]]:
    rounds: dict[str, list[Round]] = {server.name: [] for server in servers}
    for number in range(-1, options.rounds):  # the first only warms up
        for server in servers[::-1] if number % 2 else servers:
            found = _round(server, path, tokens, options)
            say(f"round {number}: {server.name} {found.load.rate:.0f}/s {found.cpu_us:.0f} us")
            if number >= 0:
                rounds[server.name].append(found)
    return rounds


def _round(server: Server, path: str, tokens: list[str], options: argparse.Namespace) -> Round:
    before = cpu_seconds(server.pids)
    load = wrk(server.base + path, tokens, options.connections, options.seconds)
    time.sleep(0.05)  # what is still under way belongs to this round
    return Round(load, (cpu_seconds(server.pids) - before) * 1e6 / load.requests)


def _compare(report: Report, lane: str, rounds: dict[str, list[Round]]) -> None:
    """Round by round: of what the machine does beside it, one second has about as much as the next.
    (The best rounds of each are further apart from run to run than the cost is large.)"""
    for name, each in rounds.items():
        rate, cpu = median(r.load.rate for r in each), median(r.cpu_us for r in each)
        report.note(
            f"{lane}, {name}: requests/s; CPU of the API", f"{rate:,.0f}; {rounded(cpu)} us"
        )
    for name in (COUNTED, TOLD):
        pairs = list(zip(rounds[name], rounds[SILENT], strict=True))
        cost = median(100 * (1 - told.load.rate / silent.load.rate) for told, silent in pairs)
        report.at_most(f"{lane}: throughput that {name} cost", cost, 8, "%")
        more = median(100 * (told.cpu_us / silent.cpu_us - 1) for told, silent in pairs)
        report.note(f"{lane}: CPU of the API that {name} cost", f"{rounded(more)} %")
    report.details[lane] = {
        name: [vars(r.load) | {"cpu_us": r.cpu_us} for r in each] for name, each in rounds.items()
    }


def _in_turn(report: Report, program: Program, token: str) -> None:
    with tempfile.TemporaryDirectory(prefix="coreskills-bench-") as folder, _log(folder) as log:
        done = subprocess.run(
            [sys.executable, "alternating.py", *PATHS.values()],
            env=_environment(program, folder) | {"TOKEN": token},
            cwd=peers.FOLDER,
            stdout=subprocess.PIPE,
            stderr=log,
            check=True,
        )
    found = json.loads(done.stdout)
    for lane, path in PATHS.items():
        least = found[path][SILENT]
        shares = [f"{100 * (found[path][name] / least - 1):.1f}" for name in (COUNTED, TOLD)]
        report.note(
            f"{lane}, in turn in one process: CPU that {COUNTED} cost; {TOLD}",
            f"{shares[0]}; {shares[1]} % of {rounded(least)} us",
        )
    report.details["in turn"] = found


def _environment(program: Program, folder: str) -> dict[str, str]:
    return program.environment | {
        "CORESKILLS_METRICS_DIR": folder,
        "PROMETHEUS_MULTIPROC_DIR": folder,
        "CORESKILLS_FIGURES_SECONDS": "0.001",
    }


def _visit_everything(server: Server, tokens: list[str]) -> None:
    """A GET of each route, with a token and without: series as after a day of use."""
    paths = json.loads(_get(server.base + "/openapi.json"))["paths"]
    for path, token in product(paths, (tokens[0], "unknown")):
        request = urllib.request.Request(server.base + path.replace("{", "").replace("}", ""))
        request.add_header("Authorization", f"Bearer {token}")
        with (
            suppress(urllib.error.HTTPError),
            urllib.request.urlopen(request, timeout=10) as answer,
        ):
            answer.read()


def _scrapes(report: Report, target: Instance, server: Server, scrapes: int) -> None:
    """Each asks PostgreSQL and Redis anew."""
    programs = [*server.pids, *target.pids("postgres"), *target.pids("redis")]
    _scraped(server.base)
    before = cpu_seconds(programs)
    times = [_scraped(server.base) for _ in range(scrapes)]
    cpu = (cpu_seconds(programs) - before) * 1000 / scrapes
    report.at_most("a scrape, p99", percentile(times, 0.99), 50, "ms")
    report.note("the same, p50 and least", f"{rounded(median(times))} and {rounded(min(times))} ms")
    report.note("CPU of it, API and servers", f"{rounded(cpu)} ms")
    report.note("lines of it", f"{_get(server.base + '/metrics').count(NEWLINE):,}")
    report.note("after a kill -9, the first, twice", ", ".join(_after_kills(server)))
    report.details["scrapes_ms"] = times


def _after_kills(server: Server) -> list[str]:
    found = []
    for _ in range(2):
        _kill_one(server)
        found.append(f"{rounded(_scraped(server.base))} ms")
    return found


def _scraped(base: str) -> float:
    began = time.perf_counter()
    _get(base + "/metrics")
    return (time.perf_counter() - began) * 1000


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


def _kill_one(server: Server) -> None:
    """The oldest: granian gives up where a new one dies soon."""
    victim = min(set(tree(server.pids)) - set(server.pids))
    os.kill(victim, signal.SIGKILL)
    time.sleep(SETTLED)


@contextmanager
def _server(program: Program, name: str) -> Iterator[Server]:
    """The API of the instance once more, as it is or without what is to be left untold."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="coreskills-bench-") as folder, _log(folder) as log:
        environment = _environment(program, folder) | {"UNTOLD": UNTOLD[name]}
        command = [*api_command(port, API_PROCESSES)[:-1], "untold:wsgi"]
        process = subprocess.Popen(
            command, env=environment, cwd=peers.FOLDER, stderr=log, start_new_session=True
        )
        try:
            peers.wait_for(port, process)
            yield Server(name, f"http://127.0.0.1:{port}", [process.pid])
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def _log(folder: str) -> Iterator[IO[bytes]]:
    with (Path(folder) / "api.log").open("wb") as file:
        yield file


def _fill_jobs(target: Instance, count: int) -> None:
    """So many that have ended, straight into the table."""
    with psycopg.connect(target.url("coreskills_owner"), autocommit=True) as conn:
        conn.execute(_FILL, {"count": count})
        conn.execute("VACUUM ANALYZE jobs")


_FILL = """
INSERT INTO jobs (job_type, parameters, deadline_seconds, requested_by, status, completed_at,
                  result)
SELECT 'self_test', '{}', 60, 'bench', 'completed', now(), '{}'
  FROM generate_series(1, %(count)s) AS n
"""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--seconds", type=int, default=1, help="of each server in each round")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--jobs", type=int, default=50_000)
    parser.add_argument("--scrapes", type=int, default=200)
    return parser.parse_args()


if __name__ == "__main__":
    main()
