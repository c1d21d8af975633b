"""How many requests a caller may make. Counted in each process; a process gets its share.

Counting in Redis would be exact and cost more than the answer to a list. Wrong passwords are
counted elsewhere, in PostgreSQL (actions/sessions.py).
"""

import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from coreskills.config import Settings
from coreskills.errors import RateLimited

READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Limits:
    def __init__(self, settings: Settings) -> None:
        share = max(1, settings.api_processes)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._reads = RateLimitItemPerMinute(max(1, settings.reads_per_minute // share))
        self._writes = RateLimitItemPerMinute(max(1, settings.writes_per_minute // share))

    def count(self, caller: str, method: str) -> None:
        """Raises RateLimited with the seconds until the next window."""
        item = self._reads if method in READS else self._writes
        if not self._limiter.hit(item, caller):
            resets, _ = self._limiter.get_window_stats(item, caller)
            raise RateLimited(
                f"More than {item.amount} requests a minute; wait for the next minute",
                retry_after=max(1, int(resets - time.time()) + 1),
            )
