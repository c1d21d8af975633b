"""A district's roster as a OneRoster package, from POST to completed: time and peak memory.

Three imports in one instance: the first makes everybody, the second finds nothing to do, and the
third, with an export before it, reads what we wrote ourselves.
"""

import argparse
import csv
import io
import random
import tempfile
import time
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.instance import Instance, instance, say
from harness.processes import peak_mebibytes, reset_peaks
from harness.report import Report

from coreskills.domain.oneroster import manifest
from coreskills.domain.oneroster.columns import Mode, header

PATIENCE = 600.0
SCHOOLS = 4
GIVEN = ["Ada", "Jo", "Nuria", "Zoë", "Li", "Omar", "Ann-Marie", "Søren", "Mei", "Luis"]
FAMILY = ["Lovelace", "Nuñez", "O'Brien", "Smith", "Garcia", "Kowalski", "Li", "Okafor", "Haddad"]
Rows = Iterable[dict[str, str]]


@dataclass(frozen=True)
class Run:
    seconds: float
    accepted_seconds: float
    api_mebibytes: float
    worker_mebibytes: float
    counts: dict[str, int]


def main() -> None:
    options, report = _options(), Report("oneroster")
    with tempfile.TemporaryDirectory() as folder, instance() as target:
        path = Path(folder) / "district.zip"
        rows = _district(path, options.users, options.enrollments)
        first = _run(target, path)
        again = _run(target, path)
        exported, own = Path(folder) / "export.zip", time.monotonic()
        _export(target, exported)
        seconds = time.monotonic() - own
        back = _run(target, exported)
    what = f"{options.users:,} users and {options.enrollments:,} enrolments"
    report.note("rows of the package", f"{rows:,}")
    report.at_most(what, first.seconds, 60, "s")
    report.note("of that, until the POST was answered", f"{first.accepted_seconds:.3g} s")
    report.at_most("peak RSS of the workers", first.worker_mebibytes, 400, "MiB")
    report.note("peak RSS of the API", f"{first.api_mebibytes:.0f} MiB")
    report.at_most("the same package again", again.seconds, 60, "s")
    report.note("export of everybody", f"{seconds:.3g} s")
    for name, run in (("again", again), ("the export", back)):
        touched = sum(count for action, count in run.counts.items() if action != "unchanged")
        report.at_most(f"rows that are not unchanged, {name}", touched, 0, "")
    report.details = {"first": vars(first), "again": vars(again), "export": vars(back)}
    report.put()


def _run(target: Instance, path: Path) -> Run:
    watched = target.pids("api"), target.pids("worker")
    for pids in watched:
        reset_peaks(pids)
    began = time.monotonic()
    answer = target.client.send(
        "POST",
        "/api/v1/imports/oneroster",
        body=path.read_bytes(),
        headers={"Content-Type": "application/zip"},
    )
    accepted = time.monotonic() - began
    job = target.client.wait_for_job(answer.json()["job_id"], PATIENCE)
    seconds = time.monotonic() - began
    if job["status"] != "completed" or job["result"]["Counts"]["rejected"]:
        raise SystemExit(f"the import of {path.name} did not work: {job}")
    names = ("created", "updated", "unchanged", "skipped", "disabled")
    counts = {name: job["result"]["Counts"][name] for name in names}
    say(f"{path.name}: {counts} in {seconds:.2f} s")
    api, worker = (peak_mebibytes(pids) for pids in watched)
    return Run(seconds, accepted, api, worker, counts)


def _export(target: Instance, path: Path) -> None:
    job = target.client.post("/api/v1/exports/oneroster", {"purpose": "benchmark"})
    done = target.client.wait_for_job(job["job_id"], PATIENCE)
    if done["status"] != "completed":
        raise SystemExit(f"the export did not work: {done}")
    path.write_bytes(target.client.send("GET", f"/api/v1/exports/{done['id']}/package.zip").body)


def _district(path: Path, users: int, enrollments: int) -> int:
    """Of invented people; one in twenty is a teacher. Returns how many rows it has."""
    draw = random.Random(4)
    people = [_person(n, draw) for n in range(users)]
    tables: dict[str, Rows] = {
        "orgs": [
            {"sourcedId": "d", "name": "Sample ISD", "type": "district"},
            *(
                {"sourcedId": f"s{n}", "name": f"School {n}", "type": "school"}
                | {"parentSourcedId": "d"}
                for n in range(SCHOOLS)
            ),
        ],
        "academicSessions": [
            {"sourcedId": "y", "title": "2027-2028", "type": "schoolYear", "schoolYear": "2028"}
            | {"startDate": "2027-08-16", "endDate": "2028-05-26"}
        ],
        "users": people,
        "roles": (
            {"sourcedId": f"r{n}", "userSourcedId": f"u{n}", "roleType": "primary"}
            | {"role": "student" if n % 20 else "teacher", "orgSourcedId": f"s{n % SCHOOLS}"}
            for n in range(users)
        ),
        "courses": (
            {"sourcedId": f"k{n}", "title": f"Course {n}", "orgSourcedId": "d"}
            | {"schoolYearSourcedId": "y"}
            for n in range(200)
        ),
        "classes": (
            {"sourcedId": f"c{n}", "title": f"Class {n}", "courseSourcedId": f"k{n % 200}"}
            | {"classType": "scheduled", "schoolSourcedId": f"s{n % SCHOOLS}"}
            | {"termSourcedIds": "y"}
            for n in range(2000)
        ),
        "enrollments": (
            {"sourcedId": f"e{n}", "classSourcedId": f"c{n % 2000}"}
            | {"schoolSourcedId": f"s{n % SCHOOLS}", "userSourcedId": f"u{n % users}"}
            | {"role": "student" if n % users % 20 else "teacher"}
            for n in range(enrollments)
        ),
    }
    modes: dict[str, Mode] = dict.fromkeys(tables, "bulk")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("manifest.csv", "w") as raw:
            _write(raw, manifest.written(modes))
        return sum(_table(archive, file, rows) for file, rows in tables.items())


def _person(n: int, draw: random.Random) -> dict[str, str]:
    teaches = n % 20 == 0
    person = {
        "sourcedId": f"u{n}",
        "enabledUser": "true",
        "username": f"user{n}",
        "givenName": draw.choice(GIVEN),
        "familyName": draw.choice(FAMILY),
        "identifier": f"{'E' if teaches else 'S'}{n:07d}",
    }
    return person if teaches else person | {"grades": f"{9 + n % 4:02}"}


def _table(archive: zipfile.ZipFile, file: str, rows: Rows) -> int:
    names = header(file)
    lines = [[row.get(name, "") for name in names] for row in rows]
    with archive.open(f"{file}.csv", "w") as raw:
        _write(raw, [names, *lines])
    return len(lines)


def _write(raw: io.BufferedIOBase | object, rows: Iterable[list[str]]) -> None:
    # a member of a zip writes as a raw stream does, and is not declared as one
    with io.TextIOWrapper(raw, "utf-8", newline="") as text:  # type: ignore[type-var]
        csv.writer(text).writerows(rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--enrollments", type=int, default=60_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
