"""From nothing, and from a stopped instance, to a proven job; and what an idle instance holds."""

import argparse
import compileall
import shutil
import subprocess
import sys
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from harness.instance import Instance, command, new_home, say, start_arguments, stop
from harness.processes import resident_mebibytes
from harness.report import Report, median

import coreskills
from coreskills.stack.home import Home

PROOF = "a job made the round trip"
REST = 3.0  # seconds until an instance counts as idle


@dataclass(frozen=True)
class Start:
    proven: float
    ended: float
    rss: float
    pss: float


def main() -> None:
    options, report = _options(), Report("startup")
    with redirect_stdout(sys.stderr):
        compileall.compile_dir(str(Path(coreskills.__file__).parent), quiet=1)
    cold, warm = [], []
    for number in range(options.rounds):
        home = new_home()
        try:
            cold.append(_start(home))
            warm.append(_start(home))
        finally:
            shutil.rmtree(home)
        say(f"round {number + 1}: cold {cold[-1].proven:.2f} s, warm {warm[-1].proven:.2f} s")
    report.at_most("cold start, to the proven job", _median(cold, "proven"), 10, "s")
    report.note("cold start, the whole command with sample data", f"{_median(cold, 'ended'):.3g} s")
    report.at_most("warm start, to the proven job", _median(warm, "proven"), 4, "s")
    shared = "memory at rest, a page shared by several processes counted once (PSS)"
    report.at_most(shared, _median(cold, "pss"), 450, "MiB")
    report.note(
        "the same, counted for each of them (sum of RSS)", f"{_median(cold, 'rss'):.0f} MiB"
    )
    report.at_most("coreskills --help", _help_milliseconds(10), 200, "ms")
    report.details = {"cold": [vars(s) for s in cold], "warm": [vars(s) for s in warm]}
    report.put()


def _start(home: Path) -> Start:
    began = time.monotonic()
    process = subprocess.Popen(
        command("start", home, *start_arguments()),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    proven, lines = None, []
    for line in process.stderr:
        lines.append(line)
        if PROOF in line:
            proven = time.monotonic() - began
    failed = process.wait() != 0
    ended = time.monotonic() - began
    if failed or proven is None:
        raise SystemExit("coreskills start failed:\n" + "".join(lines))
    try:
        time.sleep(REST)
        return Start(proven, ended, *resident_mebibytes(Instance(Home(home), {}).all_pids))
    finally:
        stop(home)


def _help_milliseconds(rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "coreskills", "--help"], stdout=subprocess.DEVNULL, check=True
        )
        times.append((time.perf_counter() - began) * 1000)
    return median(times)


def _median(starts: list[Start], name: str) -> float:
    return float(median(getattr(start, name) for start in starts))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="a cold and a warm start in each")
    return parser.parse_args()


if __name__ == "__main__":
    main()
