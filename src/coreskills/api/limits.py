"""How many requests a caller may make in a minute. Counted in each process; each has its share.

Twenty lines of our own, for two reasons measured in docs/decisions.md: counting in Redis costs as
much as the answer to a list, and the memory storage of `limits` starts a thread per request. Wrong
passwords are counted elsewhere, in PostgreSQL (actions/sessions.py).
"""

import time

from coreskills.config import Settings
from coreskills.errors import RateLimited

READS = frozenset({"GET", "HEAD", "OPTIONS"})
WINDOW = 60  # seconds, and everybody's window begins with the minute


class Limits:
    def __init__(self, settings: Settings) -> None:
        share = max(1, settings.api_processes)
        self._reads = max(1, settings.reads_per_minute // share)
        self._writes = max(1, settings.writes_per_minute // share)
        self._window = 0
        self._counts: dict[tuple[str, bool], int] = {}

    def count(self, caller: str, method: str) -> None:
        """Raises RateLimited with the seconds until the next window.

        Two threads may rarely count as one: a limit is a fence, not a bill.
        """
        now = time.time()
        window = int(now) // WINDOW
        if window != self._window:
            self._window, self._counts = window, {}
        reads = method in READS
        count = self._counts.get((caller, reads), 0) + 1
        self._counts[caller, reads] = count
        most = self._reads if reads else self._writes
        if count > most:
            raise RateLimited(
                f"More than {most} requests a minute; wait for the next minute",
                retry_after=max(1, (window + 1) * WINDOW - int(now)),
            )
