"""What the way to the PowerShell host costs: a call to a peer that answers at once."""

import argparse
import random
import sys
import time
from pathlib import Path
from statistics import median

from harness.instance import say
from harness.report import Report, percentile

from coreskills.engine.choice import Choice, chosen, host_command
from coreskills.engine.native import NativeEngine
from coreskills.engine.pwsh import PwshEngine

PEER = Path(__file__).resolve().parents[1] / "tests" / "scripted_peer.py"
FACTS = {
    "TakenUsernames": [],
    "StudentMailDomain": "students.coreskills.example",
    "StaffMailDomain": "coreskills.example",
    "DirectorySuffix": "DC=coreskills,DC=example",
}


def main() -> None:
    options, report = _options(), Report("engine")
    engine = PwshEngine([sys.executable, str(PEER)])
    engine.probe()
    say(f"{options.calls} calls to the peer")
    overhead = _milliseconds(engine, options.calls, "Echo")
    engine.close()
    report.at_most("overhead of a call, p95", percentile(overhead, 0.95), 15, "ms")
    report.note("p50 and p99", f"{median(overhead):.2f} and {percentile(overhead, 0.99):.2f} ms")
    native = _milliseconds(NativeEngine(), options.calls, "New-KISDStudentAccount")
    report.note("the native engine names a student, p50", f"{median(native):.3f} ms")
    _with_powershell(report, chosen("auto"))
    report.put()


def _with_powershell(report: Report, choice: Choice) -> None:
    if choice.name != "pwsh":
        report.note("a student named by PowerShell, kept and new process", f"not run: {choice.why}")
        return
    command = host_command(choice.path)
    engine = PwshEngine(command)
    engine.probe()
    kept = median(_milliseconds(engine, 200, "New-KISDStudentAccount"))
    engine.close()
    new = []
    for _ in range(5):
        began = time.perf_counter()
        one = PwshEngine(command)
        one.invoke("New-KISDStudentAccount", _student(), FACTS, 60)
        new.append((time.perf_counter() - began) * 1000)
        one.close()
    report.note("a student named by PowerShell, kept process, p50", f"{kept:.1f} ms")
    report.at_least("a new process for each call, of the kept one", median(new) / kept, 20, "x")


def _milliseconds(engine: PwshEngine | NativeEngine, calls: int, command: str) -> list[float]:
    found = []
    for _ in range(calls):
        parameters = _student()
        began = time.perf_counter()
        engine.invoke(command, parameters, FACTS, 10)
        found.append((time.perf_counter() - began) * 1000)
    return found


def _student() -> dict[str, object]:
    return {
        "StudentID": f"S{random.randrange(10**7)}",
        "FirstName": "Zoë",
        "LastName": "Nuñez",
        "GradeLevel": 11,
        "GraduationYear": 2028,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=5000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
