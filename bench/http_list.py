"""GET /api/v1/users with 20 rows: ours with all it does in production, against bare peers."""

import argparse
import time
from contextlib import ExitStack
from dataclasses import dataclass

from harness import peers
from harness.instance import Instance, add_callers, fill_users, instance, say
from harness.load import Load, require_wrk, wrk
from harness.peers import Server
from harness.processes import cpu_seconds
from harness.report import Report, median, rounded

PATH = "/api/v1/users?limit=20"
CALLERS = 16  # each may make 60,000 reads a minute
OURS = "CoreSkills"
POSSIBLE = {"flask": peers.bare_flask, "litestar": peers.litestar}


@dataclass(frozen=True)
class Round:
    load: Load
    server_us: float
    postgres_us: float

    @property
    def cpu_us(self) -> float:
        return self.server_us + self.postgres_us


@dataclass(frozen=True)
class Summary:
    rate: float
    p50_ms: float
    p99_ms: float
    server_us: float
    postgres_us: float
    cpu_us: float


def main() -> None:
    options = _options()
    require_wrk()
    with ExitStack() as stack:
        target = stack.enter_context(instance())
        fill_users(target, 1000)
        servers = [Server(OURS, target.api, target.pids("api"))]
        for name in options.peers:
            start = POSSIBLE[name]
            servers.append(stack.enter_context(start(target.url("coreskills_api"))))
        rounds = _measured(target, servers, options)
    _report(rounds).put()


def _measured(
    target: Instance, servers: list[Server], options: argparse.Namespace
) -> dict[str, list[Round]]:
    tokens = add_callers(target, CALLERS)
    rounds: dict[str, list[Round]] = {server.name: [] for server in servers}
    for server in servers:
        wrk(server.base + PATH, tokens, options.connections, 1)  # statements prepared, caches warm
    for number in range(options.rounds):
        for server in servers:
            found = _round(server, target.pids("postgres"), tokens, options)
            rounds[server.name].append(found)
            say(f"round {number + 1}: {server.name} {found.load.rate:.0f}/s {found.cpu_us:.0f} us")
    return rounds


def _round(
    server: Server, postgres: list[int], tokens: list[str], options: argparse.Namespace
) -> Round:
    before = cpu_seconds(server.pids), cpu_seconds(postgres)
    load = wrk(server.base + PATH, tokens, options.connections, options.seconds)
    time.sleep(0.05)  # what is still under way belongs to this round
    after = cpu_seconds(server.pids), cpu_seconds(postgres)
    spent = [(b - a) * 1e6 / load.requests for a, b in zip(before, after, strict=True)]
    return Round(load, *spent)


def _report(rounds: dict[str, list[Round]]) -> Report:
    found = {name: _summary(each) for name, each in rounds.items()}
    report, ours = Report("http_list"), found[OURS]
    for name, one in found.items():
        report.note(
            f"{name}: requests/s; p50/p99; CPU server + PostgreSQL",
            f"{one.rate:,.0f}/s; {one.p50_ms:.1f}/{one.p99_ms:.1f} ms; "
            f"{rounded(one.server_us)} + {rounded(one.postgres_us)} us",
        )
        if "Flask" in name:
            report.at_most("CPU a request, of bare Flask", ours.cpu_us / one.cpu_us, 0.6, "x")
            report.at_least("requests/s, of bare Flask", ours.rate / one.rate, 2, "x")
        if "Litestar" in name:
            report.note("CPU a request, of Litestar", f"{ours.cpu_us / one.cpu_us:.3g} x")
            report.at_least("requests/s, of Litestar", ours.rate / one.rate, 0.9, "x")
    report.details = {name: vars(one) for name, one in found.items()}
    return report


def _summary(rounds: list[Round]) -> Summary:
    return Summary(
        median(one.load.rate for one in rounds),
        median(one.load.p50_ms for one in rounds),
        median(one.load.p99_ms for one in rounds),
        median(one.server_us for one in rounds),
        median(one.postgres_us for one in rounds),
        median(one.cpu_us for one in rounds),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of each server in each round")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--peers", nargs="*", choices=sorted(POSSIBLE), default=list(POSSIBLE))
    return parser.parse_args()


if __name__ == "__main__":
    main()
