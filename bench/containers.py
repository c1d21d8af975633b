"""The containers on an engine of their own: sizes, starts by phases, memory, recovery after a kill.

Grafana and PowerShell are not run, for want of their images; tests/compose/standins says what
stands for the other images of others.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.instance import say
from harness.report import Report

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.compose import images, laboratory, plan  # noqa: E402  the engine is that of the tests
from tests.compose.stack import NOT_RUN, SERVICES, Stack  # noqa: E402  the same

REST = 10.0  # seconds until a stack counts as idle
MIB = 2**20
UNITS = {"B": 1, "KiB": 2**10, "MiB": MIB, "GiB": 2**30}
Phases = dict[str, float]


def main() -> None:
    options, report = _options(), Report("containers")
    if obstacle := laboratory.obstacle():
        report.note("containers", f"not run: {obstacle}")
        return report.put()
    kept: Path | None = options.engine_folder
    folder = kept or Path(tempfile.mkdtemp(prefix="coreskills-engine-"))
    try:
        with laboratory.engine(folder) as engine, _stack(Stack(engine, folder / "bench")) as stack:
            _measure(stack, options.rounds, report)
    finally:
        shutil.rmtree(folder / "bench" if kept else folder, ignore_errors=True)
    report.put()


@contextmanager
def _stack(stack: Stack) -> Iterator[Stack]:
    try:
        stack.compose("build", "api", "worker", within=600)
        yield stack
    finally:
        stack.compose("down", "--volumes", "--timeout", "10", code=None)
        shutil.rmtree(stack.home.path, ignore_errors=True)


def _measure(stack: Stack, rounds: int, report: Report) -> None:
    cold = _start(stack)
    time.sleep(REST)
    memory = _memory(stack)
    recovered = {service: stack.recovery(service) for service in SERVICES}
    warm = []
    for number in range(rounds):
        stack.compose("down", "--timeout", "30")
        warm.append(_start(stack))
        say(f"warm start {number + 1}: {warm[-1]['job proven']:.1f} s")
    _report_sizes(stack, report)
    report.note("first start, volumes made and migrated, to the proven job", _seconds(cold))
    typical = sorted(warm, key=lambda found: found["job proven"])[len(warm) // 2]
    report.at_most("warm start, to the proven job", typical["job proven"], 15, "s")
    report.note("of that, counted from its begin", _list(typical, "s"))
    _report_memory(memory, report)
    for service, seconds in recovered.items():
        report.at_most(f"{service} killed, until it is healthy again", seconds, 30, "s")
    for name, why in NOT_RUN.items():
        report.note(name, f"not run: {why}")
    report.details = {"cold": cold, "warm": warm, "memory": memory, "recovered": recovered}


def _start(stack: Stack) -> Phases:
    """Seconds from the command to each thing that happened, in their order."""
    began = time.time()
    stack.up()
    stack.self_test()
    proven = time.time() - began
    found = {
        f"{service} {what}": at - began for at, service, what in _events(stack, began) if at > began
    }
    return found | {"job proven": proven}


def _events(stack: Stack, since: float) -> Iterator[tuple[float, str, str]]:
    """When each container was healthy, or had done its work."""
    words = ("--filter", f"label=com.docker.compose.project={stack.project}", "--format", "json")
    until = datetime.now(UTC).timestamp()
    text = stack.engine.docker(
        "events", "--since", f"{since:.3f}", "--until", f"{until:.3f}", *words
    )
    for event in map(json.loads, text.splitlines()):
        what = re.sub("health_status: ", "", event["Action"])
        service = event["Actor"]["Attributes"].get("com.docker.compose.service", "")
        if what == "healthy" or (service, what) == ("migrate", "die"):
            yield event["timeNano"] / 1e9, service, what.replace("die", "done")


def _memory(stack: Stack) -> dict[str, float]:
    """MiB of each service as the engine counts them: without the files it may drop."""
    ids = stack.compose("ps", "--quiet", *SERVICES).split()
    text = stack.engine.docker("stats", "--no-stream", "--format", "json", *ids)
    rows: list[dict[str, str]] = [json.loads(line) for line in text.splitlines()]
    return {row["Name"].split("-")[-2]: _mebibytes(row["MemUsage"]) for row in rows}


def _mebibytes(text: str) -> float:
    # docker's own form; anything else shall break the benchmark
    number, unit = re.match(r"([\d.]+)([A-Za-z]+)", text).groups()  # type: ignore[union-attr]
    return float(number) * UNITS[unit] / MIB


def _report_sizes(stack: Stack, report: Report) -> None:
    base = _size(stack, images.BASE)
    for service in ("api", "worker"):
        size = _size(stack, stack.state(service)["Image"])
        report.at_most(f"image of the {service}, without PowerShell", size, 220, "MB")
        report.note(
            f"of that, what is ours on the stand-in of Python ({base:.0f} MB)",
            f"{size - base:.0f} MB",
        )


def _size(stack: Stack, image: str) -> float:
    found: list[dict[str, Any]] = json.loads(stack.engine.docker("image", "inspect", image))
    return float(found[0]["Size"]) / 1e6


def _report_memory(memory: dict[str, float], report: Report) -> None:
    limits = plan.from_text((ROOT / "compose.yaml").read_text(encoding="utf-8")).services
    grafana = limits["grafana"].memory / MIB
    total = sum(memory.values()) + grafana
    report.at_most("memory at rest, Grafana counted with all it may take", total, 1536, "MiB")
    report.note("of that", _list(memory | {"grafana, its limit": grafana}, "MiB"))


def _seconds(phases: Phases) -> str:
    return f"{phases['job proven']:.1f} s"


def _list(found: dict[str, float], unit: str) -> str:
    ordered = sorted(found.items(), key=lambda pair: pair[1])
    return ", ".join(f"{name} {value:.1f}" for name, value in ordered) + f" {unit}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="warm starts")
    parser.add_argument("--engine-folder", type=Path, help="where packages and images are kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
