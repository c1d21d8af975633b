"""How soon POST of a student answers under steady load, and how soon an idle system has done it."""

import argparse
import itertools
import threading
import time
from datetime import datetime

from harness.instance import Instance, instance, say
from harness.load import Connection, Row
from harness.report import Report, median, percentile

PATH = "/api/v1/users/student"
ENDED = ("completed", "failed", "dead", "cancelled")
_numbers = itertools.count(1)


def main() -> None:
    options, report = _options(), Report("jobs_latency")
    with instance() as target:
        _one_at_a_time(target, options, report)
        _steadily(target, options, report)
    report.put()


def _one_at_a_time(target: Instance, options: argparse.Namespace, report: Report) -> None:
    connection = Connection(target.api, target.token)
    seen, recorded = [], []
    for _ in range(options.jobs):
        began = time.perf_counter()
        job = _finished(connection, connection.send("POST", PATH, _student())["job_id"])
        seen.append((time.perf_counter() - began) * 1000)
        recorded.append(_milliseconds(job))
        time.sleep(0.02)
    connection.close()
    say(f"{options.jobs} jobs, one at a time")
    report.at_most("POST to completed as the client sees it, p50", median(seen), 25, "ms")
    report.note("the same by the job's own timestamps, p50", f"{median(recorded):.3g} ms")
    report.details["idle_ms"] = {"seen": seen, "recorded": recorded}


def _steadily(target: Instance, options: argparse.Namespace, report: Report) -> None:
    """Requests are sent when they are due, not when the last was answered; and counted from then,
    so that a stall of the server counts in full."""
    total = int(options.rate * options.seconds)
    answers: list[tuple[float, int]] = []
    turns, began = itertools.count(), time.perf_counter() + 0.2

    def send() -> None:
        connection = Connection(target.api, target.token)
        while (turn := next(turns)) < total:
            due = began + turn / options.rate
            time.sleep(max(0.0, due - time.perf_counter()))
            job_id = connection.send("POST", PATH, _student())["job_id"]
            answers.append(((time.perf_counter() - due) * 1000, job_id))
        connection.close()

    say(f"{total} students at {options.rate:g}/s")
    threads = [threading.Thread(target=send) for _ in range(options.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(answers) != total:
        raise SystemExit(f"{len(answers)} of {total} requests were answered")
    took = [spent for spent, _ in answers]
    report.note("answer to POST under load, p50", f"{median(took):.3g} ms")
    what = f"answer to POST at {options.rate:g}/s, p99"
    report.at_most(what, percentile(took, 0.99), 50, "ms")
    _settled(target, [job_id for _, job_id in answers], report)


def _settled(target: Instance, job_ids: list[int], report: Report) -> None:
    """No job may be lost, or take much longer than it takes to accept it."""
    connection = Connection(target.api, target.token)
    jobs = [_finished(connection, job_id) for job_id in sorted(job_ids)]
    connection.close()
    failed = [job for job in jobs if job["status"] != "completed"]
    if failed:
        raise SystemExit(f"{len(failed)} jobs were not completed, the first: {failed[0]}")
    took = [_milliseconds(job) for job in jobs]
    what = "accepted to completed under load, by the jobs' timestamps, p50 and p99"
    report.note(what, f"{median(took):.3g} and {percentile(took, 0.99):.3g} ms")


def _finished(connection: Connection, job_id: int) -> Row:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        job = connection.send("GET", f"/api/v1/jobs/{job_id}")
        if job["status"] in ENDED:
            return job
        time.sleep(0.002)
    raise SystemExit(f"job {job_id} did not end within 60 s")


def _milliseconds(job: Row) -> float:
    created, completed = (datetime.fromisoformat(job[f"{n}_at"]) for n in ("created", "completed"))
    return (completed - created).total_seconds() * 1000


def _student() -> Row:
    number = next(_numbers)
    return {
        "student_id": f"S7{number:06}",
        "first_name": "Ada",
        "last_name": "".join(chr(ord("a") + int(digit)) for digit in str(number)).title(),
        "grade_level": 9 + number % 4,
        "graduation_year": 2030 - number % 4,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=100, help="requests a second")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=100, help="one at a time, on an idle system")
    return parser.parse_args()


if __name__ == "__main__":
    main()
