"""Run benchmarks one after the other, and with --all write RESULTS.md."""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.instance import say
from harness.report import Figure, table

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "RESULTS.md"
COMMANDS = {
    "http_list": ["--rounds", "5", "--seconds", "4"],
    "pages": ["--rounds", "8", "--requests", "150"],
    "jobs_latency": ["--rate", "100", "--seconds", "20"],
    "jobs": ["--rounds", "3", "--jobs", "5000", "--rate", "50", "--seconds", "20"],
    "overload": ["--times", "5", "--seconds", "120"],
    "restart": ["--rate", "100", "--requests", "10000"],
    "imports": ["--small", "10000", "--large", "100000"],
    "people": ["--students", "10000", "--pupils", "5000"],
    "compliance": ["--devices", "2000", "--policies", "25"],
    "oneroster": ["--users", "20000", "--enrollments", "60000"],
    "engine": ["--calls", "5000"],
    "observability": ["--rounds", "31", "--seconds", "1"],
    "startup": ["--rounds", "5"],
    "containers": ["--rounds", "3"],
}
TITLES = {
    "http_list": "A list of 20 users",
    "pages": "A page of 50 of many",
    "jobs_latency": "Latency of jobs",
    "jobs": "Jobs, against RQ, Celery and Dramatiq",
    "overload": "Five times the load it can take",
    "restart": "Restart under load",
    "imports": "Imports",
    "people": "Names made to collide, and the end of a school year",
    "compliance": "Policies against devices",
    "oneroster": "OneRoster",
    "engine": "The PowerShell engine",
    "observability": "What it costs to tell",
    "startup": "Start and memory",
    "containers": "Containers",
}


def main() -> None:
    options = _options()
    names = list(COMMANDS) if options.all else options.names
    if not names:
        raise SystemExit("Name benchmarks, or give --all: " + ", ".join(COMMANDS))
    load, began = os.getloadavg()[0], time.monotonic()
    parts = [_part(name, _run(name)) for name in names]
    text = "\n".join([_head(load, time.monotonic() - began), *parts])
    if options.all:
        RESULTS.write_text(text, encoding="utf-8")
        say(f"written: {RESULTS}")
    print(text)


def _run(name: str) -> dict[str, Any] | str:
    """The report of one benchmark, or why there is none: the others go on."""
    say(f"--- {name}")
    command = [sys.executable, str(FOLDER / f"{name}.py"), *COMMANDS[name]]
    done = subprocess.run(command, capture_output=True, text=True)
    sys.stderr.write(done.stderr)
    if done.returncode != 0:
        return done.stderr.strip().splitlines()[-1]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _part(name: str, found: dict[str, Any] | str) -> str:
    lines = [f"## {TITLES[name]}", "", f"`python bench/{name}.py {' '.join(COMMANDS[name])}`", ""]
    if isinstance(found, str):
        lines.append(f"**Failed**, so nothing was measured: {found}")
    else:
        lines.append(table([Figure(**figure) for figure in found["figures"]]))
    return "\n".join([*lines, ""])


def _head(load: float, seconds: float) -> str:
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=FOLDER, capture_output=True, text=True
    )
    at = revision.stdout.strip() if revision.returncode == 0 else "an uncommitted tree"
    day = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return "\n".join(
        [
            "# Results",
            "",
            f"Written by `python bench/run.py --all` on {day}, in {seconds:.0f} s, from {at}.",
            f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors shared by "
            f"client, servers and database; Python {platform.python_version()}.",
            f"Load of the machine before the first benchmark: {load:.1f}"
            + (" (it was not idle: take ratios, not times)." if load > 0.5 else "."),
            "How each figure comes about: [README.md](README.md).",
            "",
        ]
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="http_list, pages ...")
    parser.add_argument("--all", action="store_true", help="every one; writes RESULTS.md")
    options = parser.parse_args()
    if unknown := set(options.names) - set(COMMANDS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    main()
