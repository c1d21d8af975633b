"""What was sent, and what came of it."""

import threading
from collections import Counter, deque
from statistics import quantiles
from typing import Any

from coreskills.stack.traffic.deeds import Reply

NONE = 0  # the status of a request that got no answer
REMEMBERED = 10_000  # times of the last so many requests


class Tally:
    """For many threads."""

    def __init__(self) -> None:
        self.deeds: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.jobs: Counter[str] = Counter()
        self.unexpected: Counter[str] = Counter()
        self.skipped = 0
        self._times: deque[float] = deque(maxlen=REMEMBERED)
        self._lock = threading.Lock()

    def note(self, deed: str, reply: Reply, seconds: float, *, expected: bool) -> None:
        with self._lock:
            self.deeds[deed] += 1
            self.statuses[reply.status] += 1
            if reply.ended:
                self.jobs[reply.ended] += 1
            if not expected:
                self.unexpected[f"{deed}: {reply.status or 'no answer'}"] += 1
            if reply.status != NONE:
                self._times.append(seconds)

    def skip(self) -> None:
        """Everybody was still waiting for an answer when this one was due."""
        with self._lock:
            self.skipped += 1

    @property
    def sent(self) -> int:
        return sum(self.statuses.values())

    def milliseconds(self, percent: int) -> float:
        with self._lock:
            times = list(self._times)
        if len(times) < 2:
            return round(1000 * sum(times), 1)
        return round(1000 * quantiles(times, n=100, method="inclusive")[percent - 1], 1)

    def summary(self) -> dict[str, Any]:
        return {
            "requests": self.sent,
            "skipped": self.skipped,
            "statuses": {str(status): n for status, n in sorted(self.statuses.items())},
            "no_answer": self.statuses[NONE],
            "deeds": dict(self.deeds.most_common()),
            "jobs": dict(self.jobs.most_common()),
            "unexpected": dict(self.unexpected.most_common()),
            "milliseconds": {f"p{part}": self.milliseconds(part) for part in (50, 95, 99)},
        }
