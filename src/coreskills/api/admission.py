"""How many requests work at a time, so that one thread is always left to say no.

The web server hands a request to any free thread and keeps the others waiting, without a word and
without a bound. When PostgreSQL is slow, all threads wait for it, and not even /health/live is
answered. So one thread fewer may work than there are. The last one waits for a place, for a while
that no healthy request takes; once it waited in vain, it refuses at once until somebody is done as
soon as a healthy request is. After one that took longer it would wait in vain again, and a scrape
would wait behind it.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

REFUSED = "coreskills.refused"  # in the environ of a request that found no place
# What tells whether we are alive, and what is wrong with whom: when all places are taken, that is
# what somebody wants to know. A scrape waits for PostgreSQL and Redis, for 1.5 s at most.
ALWAYS = frozenset({"/health/live", "/metrics"})
PATIENCE = 0.7  # seconds without anybody being done; the slowest of usual requests is a login, 0.1


class Admission:
    def __init__(self, app: Wsgi, threads: int, patience: float = PATIENCE) -> None:
        """`threads` of the web server in this process; with a single one, nothing is left over."""
        self._app = app
        self._places = threading.Semaphore(max(1, threads - 1))
        self._patience = patience
        self._stuck = False

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] in ALWAYS:
            return self._app(environ, start_response)
        if not self._places.acquire(timeout=0 if self._stuck else self._patience):
            self._stuck = True
            environ[REFUSED] = True
            return self._app(environ, start_response)
        began = time.monotonic()
        try:
            return self._app(environ, start_response)
        finally:
            if time.monotonic() - began < self._patience:
                self._stuck = False
            self._places.release()
