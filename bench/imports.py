"""Rosters from POST to completed, and whether the memory of our processes grows with the file."""

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from harness.instance import ROOT, instance, say
from harness.processes import peak_mebibytes, reset_peaks
from harness.report import Report

RIVERBEND = ROOT / "data" / "rosters" / "riverbend.csv"
PATIENCE = 300.0
MOST_GROWTH = 32.0  # MiB; ten times the rows hold about 50 MiB more of text


@dataclass(frozen=True)
class Run:
    seconds: float
    accepted_seconds: float
    api_mebibytes: float
    worker_mebibytes: float


def main() -> None:
    options, report = _options(), Report("imports")
    with tempfile.TemporaryDirectory() as folder:
        small, large = (_roster(Path(folder), count) for count in (options.small, options.large))
        first, low, high = (_run(path) for path in (RIVERBEND, small, large))
    report.at_most("Riverbend, 500 rows and more", first.seconds, 3, "s")
    report.note(f"{options.small:,} students", f"{low.seconds:.3g} s")
    report.at_most(f"{options.large:,} students", high.seconds, 20, "s")
    report.note("of that, until the POST was answered", f"{high.accepted_seconds:.3g} s")
    for name in ("api", "worker"):
        before, after = (getattr(run, f"{name}_mebibytes") for run in (low, high))
        report.note(
            f"peak RSS of the {name}, {options.small:,} and {options.large:,} rows",
            f"{before:.0f} and {after:.0f} MiB",
        )
        report.at_most(f"growth of the {name} between them", after - before, MOST_GROWTH, "MiB")
    report.details = {"riverbend": vars(first), "small": vars(low), "large": vars(high)}
    report.put()


def _run(path: Path) -> Run:
    """In a fresh instance, so that no run finds memory that an earlier one has left."""
    with instance() as target:
        watched = target.pids("api"), target.pids("worker")
        for pids in watched:
            reset_peaks(pids)
        began = time.monotonic()
        body = path.read_bytes()
        answer = target.client.send(
            "POST", "/api/v1/imports", body=body, headers={"Content-Type": "text/csv"}
        )
        accepted = time.monotonic() - began
        job = target.client.wait_for_job(answer.json()["job_id"], PATIENCE)
        seconds = time.monotonic() - began
        if job["status"] != "completed" or not job["result"]["Counts"]["created"]:
            raise SystemExit(f"the import of {path.name} did not work: {job}")
        say(f"{path.name}: {job['result']} in {seconds:.2f} s")
        return Run(seconds, accepted, *(peak_mebibytes(pids) for pids in watched))


def _roster(folder: Path, students: int) -> Path:
    path = folder / f"{students}.csv"
    script = [sys.executable, str(ROOT / "scripts" / "make_roster.py")]
    wanted = ["--students", str(students), "--clean", "--output", str(path)]
    subprocess.run([*script, *wanted], check=True)
    return path


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=10_000, help="students")
    parser.add_argument("--large", type=int, default=100_000, help="students")
    return parser.parse_args()


if __name__ == "__main__":
    main()
