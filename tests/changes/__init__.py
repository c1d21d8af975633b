"""Every route that changes something, and every kind of job: what is sent, and which line it leaves
in the trail. A file for each topic.

Each file has CASES, KINDS, and may have `prepare(made, work)`: it makes what its cases need, and
returns what they name in braces.
"""

import pkgutil
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

REASON = "the board wants it: déjà vu"
WORK = frozenset({"why"})  # of a request for work: what it changes, the job says
NEW = frozenset({"why", "after"})
CHANGE = frozenset({"why", "before", "after"})
GONE = frozenset({"why", "before"})


@dataclass(frozen=True)
class Case:
    action: str
    path: str  # with what `district` made in braces
    body: Any = None
    details: frozenset[str] = CHANGE


@dataclass(frozen=True)
class Kind:
    """`asked` of somebody called {user}; `first` are kinds run on them before. Without `action` the
    job changes nothing of anybody, and says nothing. `file`: where what is sent, for a kind that
    comes with a file. `tells`: what the line says at least."""

    action: str | None
    asked: dict[str, Any] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    file: tuple[str, str | bytes] | None = None
    tells: frozenset[str] = frozenset({"after"})


def sending(body: Any) -> dict[str, Any]:
    """What a test client sends: CSV as text, a zip as bytes, everything else as JSON."""
    kind = {str: "text/csv", bytes: "application/zip"}.get(type(body))
    return {"data": body, "content_type": kind} if kind else {"json": body}


def files():
    return [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
