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
    job changes nothing of anybody, and says nothing."""

    action: str | None
    asked: dict[str, Any] = field(default_factory=dict)
    first: tuple[str, ...] = ()


def files():
    return [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
