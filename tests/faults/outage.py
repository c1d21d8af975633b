"""Redis is gone for minutes: every write must be accepted, and no job become old.

python -m tests.faults.outage --minutes 10
"""

import argparse
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import _memory
from tests.faults.lab import Lab
from tests.faults.traffic import Traffic


@dataclass(frozen=True)
class Figures:
    """Seconds, except for what is counted."""

    outage: float
    asked: int
    accepted_at_once: int
    slowest_answer: float
    age_p50: float
    age_p95: float
    age_worst: float

    def __str__(self) -> str:
        return (
            f"Redis absent for {self.outage:.0f} s: {self.accepted_at_once:,} of {self.asked:,} "
            f"writes accepted at once, the slowest answer after {self.slowest_answer:.2f} s; "
            f"job age p50 {self.age_p50:.2f} s, p95 {self.age_p95:.2f} s, "
            f"worst {self.age_worst:.2f} s"
        )


def outlast(lab: Lab, seconds: float, rate: float = 20) -> Figures:
    """Measures what is asked for while Redis is down. Raises AssertionError for a job lost."""
    lab.redis.kill()
    try:
        with Traffic(lab, rate=rate) as traffic:
            time.sleep(seconds)
        traffic.verify()
    finally:
        lab.redis.start()
    return Figures(
        seconds,
        len(traffic.samples),
        sum(1 for sample in traffic.samples if sample.status == 202),
        traffic.slowest,
        traffic.age(0.50),
        traffic.age(0.95),
        traffic.age(1.0),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=20, help="writes a second")
    wishes = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="coreskills-outage-", dir=_memory()))
    try:
        with Lab(folder) as lab:
            figures = outlast(lab, wishes.minutes * 60, wishes.rate)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(figures)
    assert figures.accepted_at_once == figures.asked
    assert figures.age_p95 <= 5.0


if __name__ == "__main__":
    main()
