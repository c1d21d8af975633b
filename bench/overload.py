"""Five times as many requests as the system can take: what it still does, and what it costs."""

import argparse
import json
import resource
import time
from collections.abc import Mapping

import psycopg
from harness.flood import Flood, Tally
from harness.instance import Instance, add_callers, instance, say
from harness.processes import peak_mebibytes, reset_peaks
from harness.report import Report, median, percentile

PATH = "/api/v1/jobs"
BODY = json.dumps({"type": "self_test"}).encode()
CALLERS = 200  # or they would meet the limit of requests a minute before the system its own
PATIENCE = 5.0
SERVICES = ("api", "worker", "redis", "postgres")
BOUNDED = SERVICES[:3]
DRAINED_WITHIN = 900.0
Sizes = Mapping[str, float]


def main() -> None:
    options, report = _options(), Report("overload")
    _allow_files(options.most + 200)
    with instance() as target:
        flood = Flood(target.api, _requests(target), patience=PATIENCE, most=options.most)
        usual = _capacity(target, flood, options)
        before = _peaks(target)
        _settle(target)
        _reset_peaks(target)
        rate = usual.goodput * options.times
        say(f"{rate:.0f} requests/s for {options.seconds:g} s")
        tally = flood.open(rate, options.seconds)
        after = _peaks(target)
        _report_answers(usual, tally, rate, report)
        _report_sizes(before, after, report)
        _report_lost(target, usual.accepted + tally.accepted, _settle(target), report)
    report.put()


def _capacity(target: Instance, flood: Flood, options: argparse.Namespace) -> Tally:
    """Of a closed loop, with the worker at work beside it, as in the flood."""
    flood.closed(options.connections, 2)  # the first requests of each process prepare statements
    _settle(target)
    _reset_peaks(target)
    say(f"capacity: {options.connections} connections for {options.capacity_seconds:g} s")
    tally = flood.closed(options.connections, options.capacity_seconds)
    if set(tally.statuses) != {202} or tally.late or tally.broken:
        raise SystemExit(f"The capacity was not measured: {dict(tally.statuses)}")
    return tally


def _report_answers(usual: Tally, tally: Tally, rate: float, report: Report) -> None:
    report.note("capacity, 202/s of a closed loop", f"{usual.goodput:,.0f}; {_times(usual)}")
    due = tally.sent + tally.unsent
    what = f"{rate:,.0f}/s; {due:,} due, {tally.unsent:,} of them not sent for want of a connection"
    report.note("offered", what)
    report.note("202/s within 5 s of when they were due", f"{tally.goodput:,.0f}; {_times(tally)}")
    report.at_least("goodput, of the capacity", tally.goodput / usual.goodput, 0.8, "x")
    statuses = [f"{status}: {count:,}" for status, count in sorted(tally.statuses.items())]
    statuses += [f"given up: {tally.late:,}", f"cut or refused: {tally.broken:,}"]
    report.note("answers", ", ".join(statuses))
    report.at_most("answers 500", tally.statuses[500], 0, "")
    report.details["statuses"] = dict(tally.statuses)


def _times(tally: Tally) -> str:
    took = tally.good_ms
    if not took:
        return "none"
    return f"p50/p99 {median(took):.3g}/{percentile(took, 0.99):.3g} ms"


def _report_sizes(before: Sizes, after: Sizes, report: Report) -> None:
    """The largest process of each service, at its largest."""
    for name in SERVICES:
        what = f"peak RSS of {name}, at capacity and in the flood"
        report.note(what, f"{before[name]:.0f} and {after[name]:.0f} MiB")
    for name in BOUNDED:
        report.at_most(f"growth of {name} in the flood", after[name] - before[name], 64, "MiB")


def _report_lost(target: Instance, accepted: list[int], seconds: float, report: Report) -> None:
    with psycopg.connect(target.url("coreskills_owner")) as conn:
        found = conn.execute(_UNDONE, [accepted]).fetchone()
        kept = conn.execute("SELECT count(*) FROM jobs WHERE job_type = 'self_test'").fetchone()
    assert found is not None
    assert kept is not None
    report.note("jobs answered with 202, and jobs in the table", f"{len(accepted):,}; {kept[0]:,}")
    report.at_most("of those answered with 202, not completed", found[0], 0, "")
    report.note("until the last of them had ended, after the flood", f"{seconds:.1f} s")


_UNDONE = """
SELECT count(*) FROM unnest(%s::bigint[]) AS accepted (id)
 WHERE NOT EXISTS (SELECT FROM jobs WHERE jobs.id = accepted.id AND status = 'completed')
"""
_OPEN = "SELECT count(*) FROM jobs WHERE status IN ('queued', 'running', 'suspended')"


def _settle(target: Instance) -> float:
    """Seconds until no job is open any more."""
    began = time.monotonic()
    with psycopg.connect(target.url("coreskills_owner"), autocommit=True) as conn:
        while (row := conn.execute(_OPEN).fetchone()) and row[0]:
            if time.monotonic() > began + DRAINED_WITHIN:
                raise SystemExit(f"{row[0]} jobs were still open after {DRAINED_WITHIN:g} s")
            time.sleep(0.2)
    return time.monotonic() - began


def _peaks(target: Instance) -> dict[str, float]:
    return {name: peak_mebibytes(target.pids(name)) for name in SERVICES}


def _reset_peaks(target: Instance) -> None:
    for name in SERVICES:
        reset_peaks(target.pids(name))


def _requests(target: Instance) -> list[bytes]:
    head = f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(BODY)}\r\nAuthorization: Bearer "
    return [f"{head}{token}\r\n\r\n".encode() + BODY for token in add_callers(target, CALLERS)]


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard not in (-1, resource.RLIM_INFINITY) and hard < count:
        raise SystemExit(f"This needs {count} open files, {hard} are allowed: ulimit -n {count}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="of the flood")
    parser.add_argument("--times", type=float, default=5, help="of the capacity")
    parser.add_argument("--connections", type=int, default=8, help="for the capacity")
    parser.add_argument("--capacity-seconds", type=float, default=15)
    parser.add_argument("--most", type=int, default=4000, help="connections of the flood")
    return parser.parse_args()


if __name__ == "__main__":
    main()
