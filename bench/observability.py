"""What it costs the API to tell what it does, and how long a scrape takes."""

import argparse
import os
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
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
        _scrapes(report, servers[-1], options)
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
    for name, each in rounds.items():
        rate, cpu = (median(r.load.rate for r in each), median(r.cpu_us for r in each))
        report.note(
            f"{lane}, {name}: requests/s; CPU of the API", f"{rate:,.0f}; {rounded(cpu)} us"
        )
    for name in (COUNTED, TOLD):
        pairs = list(zip(rounds[name], rounds[SILENT], strict=True))
        rate = 100 * (1 - median(on.load.rate / off.load.rate for on, off in pairs))
        cpu = 100 * (median(on.cpu_us / off.cpu_us for on, off in pairs) - 1)
        report.at_most(f"{lane}: throughput that {name} cost", rate, 8, "%")
        report.note(f"{lane}: CPU that {name} cost", f"{rounded(cpu)} %")


def _scrapes(report: Report, server: Server, options: argparse.Namespace) -> None:
    """Each asks PostgreSQL and Redis anew; one in ten comes after a process was killed."""
    times = []
    for number in range(options.scrapes):
        if number % 10 == 9:
            _kill_one(server)
        times.append(_scraped(server.base))
    size = len(_get(server.base + "/metrics"))
    people, jobs = f"{options.people:,} people", f"{options.jobs:,} jobs"
    report.at_most(f"a scrape with {people} and {jobs}, p99", percentile(times, 0.99), 50, "ms")
    report.note("the same, p50; its size", f"{rounded(median(times))} ms; {size:,} bytes")
    report.details["scrapes_ms"] = [round(spent, 2) for spent in times]


def _scraped(base: str) -> float:
    began = time.perf_counter()
    _get(base + "/metrics")
    return (time.perf_counter() - began) * 1000


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


def _kill_one(server: Server) -> None:
    before = set(tree(server.pids))
    victim = max(before - set(server.pids))
    os.kill(victim, signal.SIGKILL)
    while len(set(tree(server.pids)) - {victim}) < len(before):
        time.sleep(0.05)
    time.sleep(3)  # the new one has started, and serves


@contextmanager
def _server(program: Program, name: str) -> Iterator[Server]:
    """The API of the instance once more, as it is or without what is to be left untold."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="coreskills-bench-") as folder, _log(folder) as log:
        environment = program.environment | {
            "CORESKILLS_METRICS_DIR": folder,
            "PROMETHEUS_MULTIPROC_DIR": folder,
            "CORESKILLS_FIGURES_SECONDS": "0.001",
            "UNTOLD": UNTOLD[name],
        }
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
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=3, help="of each server in each round")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--jobs", type=int, default=50_000)
    parser.add_argument("--scrapes", type=int, default=100)
    return parser.parse_args()


if __name__ == "__main__":
    main()
