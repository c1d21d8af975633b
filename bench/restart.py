"""Whether anybody notices that the API and the workers are restarted under load."""

import argparse
import http.client
import itertools
import json
import subprocess
import threading
import time
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from harness.instance import Instance, command, instance, say
from harness.report import Report, percentile

ENDED_WITHOUT_ANSWER = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


def main() -> None:
    options, report = _options(), Report("restart")
    with instance() as target:
        callers = Callers(target, options.rate, options.requests)
        callers.start()
        restarts = _restart_until(target, callers)
        callers.join()
        counts = callers.counts
        failed = sum(n for what, n in counts.items() if what not in (200, 202))
        report.at_most(f"failed of {sum(counts.values()):,} requests", failed, 0, "")
        report.note("restarts of the API and the worker meanwhile", str(restarts))
        report.note("sent again, since a kept connection was closed first", str(callers.resent))
        report.note("p99 of an answer, from when it was due", f"{callers.p99():.0f} ms")
        report.at_most("accepted jobs that did not complete", callers.unfinished(), 0, "")
        report.details["counts"] = {str(what): n for what, n in counts.items()}
    report.put()


def _restart_until(target: Instance, callers: "Callers") -> int:
    for number in itertools.count(1):
        say(f"restart {number}")
        subprocess.run(command("restart", target.home.path), check=True, capture_output=True)
        if callers.done():
            return number
    return 0


class Callers:
    """Every other one keeps its connection, the rest make a new one for each request.

    A request on a kept connection that was closed before a single byte of an answer is sent again
    on a new one, as every HTTP client does with what may be repeated; here all may, since each
    POST carries an Idempotency-Key.
    """

    def __init__(self, target: Instance, rate: float, total: int) -> None:
        self._target, self._rate, self._total = target, rate, total
        self._turns = itertools.count()
        self._began = 0.0
        self._jobs: list[int] = []
        self._waits: list[float] = []
        self.counts: Counter[Any] = Counter()
        self.resent = 0
        self._threads = [threading.Thread(target=self._call, args=[n % 2 == 0]) for n in range(8)]

    def start(self) -> None:
        say(f"{self._total} requests at {self._rate:g}/s")
        self._began = time.perf_counter() + 0.2
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def done(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def p99(self) -> float:
        return percentile(self._waits, 0.99) * 1000

    def unfinished(self) -> int:
        deadline = time.monotonic() + 30
        waiting = set(self._jobs)
        while waiting and time.monotonic() < deadline:
            client = self._target.client
            waiting = {
                id for id in waiting if client.get(f"/api/v1/jobs/{id}")["status"] != "completed"
            }
        return len(waiting)

    def _call(self, keeps: bool) -> None:
        connection = self._connection()
        while (turn := next(self._turns)) < self._total:
            due = self._began + turn / self._rate
            time.sleep(max(0.0, due - time.perf_counter()))
            try:
                self._send(connection, turn)
            except ENDED_WITHOUT_ANSWER:
                self.resent += keeps
                self._again(turn, keeps)
                connection = self._connection()
            except OSError as exc:
                self.counts[type(exc).__name__] += 1
            self._waits.append(time.perf_counter() - due)
            if not keeps:
                connection.close()

    def _again(self, turn: int, keeps: bool) -> None:
        if not keeps:
            self.counts["closed"] += 1
            return
        try:
            self._send(self._connection(), turn)
        except OSError as exc:
            self.counts[type(exc).__name__] += 1

    def _send(self, connection: http.client.HTTPConnection, turn: int) -> None:
        headers = {
            "Authorization": f"Bearer {self._target.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"restart-{turn}",
        }
        if turn % 2:
            connection.request("GET", "/api/v1/users?limit=20", None, headers)
        else:
            connection.request("POST", "/api/v1/jobs", '{"type": "self_test"}', headers)
        response = connection.getresponse()
        body = response.read()
        self.counts[response.status] += 1
        if response.status == 202:
            self._jobs.append(json.loads(body)["job_id"])

    def _connection(self) -> http.client.HTTPConnection:
        where = urlsplit(self._target.api)
        return http.client.HTTPConnection(str(where.hostname), where.port, timeout=10)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=100, help="requests a second")
    parser.add_argument("--requests", type=int, default=10_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
