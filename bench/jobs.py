"""Jobs a second and their latency, against RQ, Celery and Dramatiq doing the same durable work."""

import argparse
from collections import defaultdict

import psycopg
from harness.instance import say
from harness.queues import OURS, PEERS, STUDENTS, Line, System, create_table
from harness.report import Report, median, percentile, rounded
from harness.servers import Servers, servers

FIRST, LAST = 0.10, 0.95  # the rate is that of the rows between; start and tail do not count
DURABLE = "Celery, whose broker waits for the disk before it takes a job, as we do"
STALLED = 10  # times its own median: a p99 of the disk's, or of a neighbour's, not of the system's
Rates = dict[System, list[float]]


def main() -> None:
    options, report = _options(), Report("jobs")
    with servers() as target:
        create_table(target)
        _durability(target, report)
        best = _throughput(target, options, report)
        _latency(target, best, options, report)
        _students(target, options, report)
    report.put()


def _durability(target: Servers, report: Report) -> None:
    """What every commit below has waited for."""
    with psycopg.connect(target.url("coreskills_worker")) as conn:
        shown = [
            # SHOW has always one row
            f"{name} {conn.execute(f'SHOW {name}').fetchone()[0]}"  # type: ignore[index]
            for name in ("fsync", "synchronous_commit")
        ]
    report.note("PostgreSQL", f"{', '.join(shown)}, on {target.filesystem()}")


def _throughput(target: Servers, options: argparse.Namespace, report: Report) -> list[System]:
    """Interleaved rounds. After the first, each peer goes on with its faster variant alone."""
    drained: Rates = defaultdict(list)
    accepted: Rates = defaultdict(list)
    systems = [OURS, *PEERS]
    for number in range(options.rounds):
        for system in systems:
            say(f"round {number + 1}: {system.name}")
            jobs = int(options.jobs * system.share)
            into, out = _drain(Line(system, target), jobs)
            accepted[system].append(into)
            drained[system].append(out)
        if number == 0:
            systems = _fastest(drained)
    _report_rates("drained", drained, report)
    _against_best("durable jobs/s, of the best peer's", drained, report, 1.5)
    _report_rates("accepted at once", accepted, report)
    _against_best("jobs/s accepted at once, of the best peer's", accepted, report)
    return systems


def _drain(line: Line, jobs: int) -> tuple[float, float]:
    """Jobs a second going in, and then, with the workers started, coming out."""
    line.clean()
    sent = line.send("many", jobs)
    with line.workers():
        line.rows(jobs)
    rows = line.rows(jobs)  # again: now nobody can add one
    return sent["jobs"] / sent["seconds"], _rate([at for _, _, at in rows])


def _rate(times: list[float]) -> float:
    first, last = int(len(times) * FIRST), int(len(times) * LAST) - 1
    return (last - first) / (times[last] - times[first])


def _fastest(drained: Rates) -> list[System]:
    """Of each kind its fastest variant, in the order they came."""
    best: dict[str, System] = {}
    for system in sorted(drained, key=lambda system: median(drained[system])):
        best[system.kind] = system
    return [system for system in drained if system in best.values()]


def _report_rates(what: str, rates: Rates, report: Report) -> None:
    for system, found in rates.items():
        report.note(f"{system.name}: jobs/s {what}", rounded(median(found)))
    report.details[what] = {system.name: found for system, found in rates.items()}


def _against_best(what: str, rates: Rates, report: Report, target: float | None = None) -> None:
    best = max(median(rates[system]) for system in PEERS)
    ratio = median(rates[OURS]) / best
    if target is None:
        report.note(what, f"{rounded(ratio)} x")
    else:
        report.at_least(what, ratio, target, "x")


def _latency(
    target: Servers, systems: list[System], options: argparse.Namespace, report: Report
) -> None:
    """From the call that enqueues to the commit of the row, on a system with nothing else to do."""
    found: dict[str, list[float]] = defaultdict(list)
    names = {system.kind: system.name for system in systems} | {DURABLE: DURABLE}
    for number in range(options.rounds):
        for system in systems:
            say(f"latency, round {number + 1}: {system.name}")
            found[system.kind] += _paced(Line(system, target), options)
            if system.kind == "Celery":
                with target.broker_waits_for_disk():
                    found[DURABLE] += _paced(Line(system, target), options)
    for kind, took in found.items():
        shares = [f"{percentile(took, share):.3g}" for share in (0.5, 0.99)]
        what = f"{names[kind]}: enqueue to commit, p50/p99/max"
        report.note(what, f"{'/'.join(shares)}/{max(took):.3g} ms")
    report.details["latency"] = dict(found)
    _judge_latency(found, options, report)


def _paced(line: Line, options: argparse.Namespace) -> list[float]:
    """Milliseconds of each job."""
    jobs, skipped = int(options.rate * options.seconds), int(options.rate * 2)
    line.clean()
    with line.workers():
        line.send("many", 50)  # until they are done, its workers are starting
        line.rows(50)
        line.clean()
        line.send("paced", skipped + jobs, options.rate)
        rows = line.rows(skipped + jobs)
    return [(at - sent) * 1000 for n, sent, at in rows if n >= skipped]


def _judge_latency(
    found: dict[str, list[float]], options: argparse.Namespace, report: Report
) -> None:
    ours, at = found[OURS.kind], f"enqueue to commit at {options.rate:g}/s"
    report.at_most(f"{at}, p50", percentile(ours, 0.5), 5, "ms")
    report.at_most(f"{at}, p99", percentile(ours, 0.99), 20, "ms")
    for kind in ("Celery", "Dramatiq"):
        what, theirs = f"{at}, p99, of {kind}'s", percentile(found[kind], 0.99)
        if theirs > STALLED * percentile(found[kind], 0.5):
            report.note(what, f"not judged: {kind} stalled, its p99 was {theirs:.3g} ms")
        else:
            report.at_most(what, percentile(ours, 0.99) / theirs, 1, "x")
    as_durable = percentile(ours, 0.99) / percentile(found[DURABLE], 0.99)
    report.note(f"{at}, p99, of {DURABLE}", f"{rounded(as_durable)} x")


def _students(target: Servers, options: argparse.Namespace, report: Report) -> None:
    """The real kind of job: rules checked, name chosen, account, trail, result."""
    say("students")
    line, jobs = Line(OURS, target), options.jobs // 4
    line.clean()
    line.send("students", jobs)
    with line.workers():
        rows = line.rows(jobs, STUDENTS)
    rate = _rate([at for _, _, at in rows])
    report.note("CoreSkills: students created a second", rounded(rate))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=5000, help="backlog of the fast ones")
    parser.add_argument("--rate", type=float, default=50, help="jobs a second, for the latency")
    parser.add_argument("--seconds", type=float, default=20, help="so long, for the latency")
    return parser.parse_args()


if __name__ == "__main__":
    main()
