"""A restart that was asked for: one program after the other, while all others go on.

The API is renewed by SIGHUP: its server starts new processes on the same socket before it lets the
old ones finish what they have. A worker finishes its jobs and is started anew. Where there are no
signals, a program is simply ended and started.
"""

import os
import signal
import time

from coreskills.stack.child import Child
from coreskills.stack.processes import Identity, alive, end, family

PATIENCE = 60.0  # seconds for one program, then its old processes are killed


class Renewal:
    def __init__(self, children: list[Child]) -> None:
        self._left = children
        self._old: list[Identity] = []
        self._asked_at = 0.0

    def advance(self) -> bool:
        """To be called again and again; True when all are renewed."""
        if not self._left:
            return True
        child = self._left[0]
        if not self._old:
            self._ask(child)
        elif any(alive(old) for old in self._old):
            if time.monotonic() > self._asked_at + PATIENCE:
                end(self._old, 0.0)
        elif self._complete(child):
            self._left.pop(0)
            self._old = []
        return not self._left

    def _ask(self, child: Child) -> None:
        """One that does not run just now is being started anyway, and is passed over."""
        identity = child.state.identity
        if child.process is None or identity is None or not alive(identity):
            self._left.pop(0)
            return
        self._asked_at = time.monotonic()
        below = family(identity)
        if child.program.reloads and below and hasattr(signal, "SIGHUP"):
            self._old = below
            os.kill(identity.pid, signal.SIGHUP)
        else:
            self._old = [identity, *below]
            child.renewing = True
            child.process.terminate()

    def _complete(self, child: Child) -> bool:
        """The old process counts until the supervisor has noticed its end, and started another."""
        identity = child.state.identity
        if child.process is None or identity is None or identity in self._old:
            return False
        return not child.program.reloads or bool(family(identity))
