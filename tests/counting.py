"""A process that counts, and shares what it counted, as one of the API's does. Told by stdin:

5          count five requests, each with a job that was accepted
sum        say how many all processes have counted, and how many connections they use
"""

import os
import subprocess
import sys
from pathlib import Path

NAMES = (
    "flask_http_request_duration_seconds_count",
    "coreskills_jobs_accepted_total",
    "coreskills_db_pool_connections",
)
STATS = {"pool_size": 3, "pool_available": 1, "pool_max": 10, "requests_waiting": 0}


class Counting:
    """The other end of it."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)},
        )
        self.count(0)

    def count(self, requests: int) -> None:
        assert self._ask(str(requests)) == "counted"

    def sums(self) -> tuple[int, int]:
        """Requests, connections."""
        requests, jobs, connections = map(int, self._ask("sum").split())
        assert requests == jobs
        return requests, connections

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def end(self) -> None:
        self._process.communicate(timeout=20)
        assert self._process.returncode == 0

    def _ask(self, line: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        print(line, file=self._process.stdin, flush=True)
        return self._process.stdout.readline().strip()


def main() -> None:
    from coreskills.telemetry import metrics
    from coreskills.telemetry.shared import Shared

    shared = Shared(Path(sys.argv[1]))
    shared.begin()
    metrics.PoolGauges().tell(STATS)
    for line in map(str.strip, sys.stdin):
        if line == "sum":
            samples = [sample for metric in shared.collect() for sample in metric.samples]
            sums = [sum(s.value for s in samples if s.name == name) for name in NAMES]
            print(*map(int, sums), flush=True)
        else:
            for number in range(int(line)):
                metrics.observe_request("GET", 200, f"/{number % 7}", 0.001)
                metrics.jobs_accepted.labels("self_test").inc()
            print("counted", flush=True)


if __name__ == "__main__":
    main()
