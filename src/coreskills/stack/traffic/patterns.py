"""How busy a class is over its time, and what it does."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# Of a hundred deeds (deeds.py) of a class that pays attention.
USUAL = {
    "browse": 42,
    "look": 16,
    "poll": 16,
    "enrol": 8,
    "self test": 6,
    "enrol again": 3,
    "mistake": 4,
    "lost": 2,
    "twin": 1,
    "stranger": 2,
}
CARELESS = {
    "browse": 22,
    "look": 10,
    "poll": 14,
    "enrol": 6,
    "enrol again": 2,
    "mistake": 14,
    "lost": 10,
    "twin": 4,
    "stranger": 10,
    "guess": 2,
    "futile": 6,
}


@dataclass(frozen=True)
class Pattern:
    """`pace`: by how much the rate is multiplied at a part of the time, between 0 and 1."""

    words: str
    pace: Callable[[float], float]
    mix: dict[str, int]


def _lesson(part: float) -> float:
    """Everybody comes at once, works in waves while the teacher explains, and leaves in the end."""
    if part < 0.08:
        return 2.0
    if part > 0.9:
        return 0.3
    return 1.0 + 0.6 * math.sin(part * 12 * math.pi)


def _spike(part: float) -> float:
    return 8.0 if 0.4 <= part < 0.6 else 1.0


PATTERNS = {
    "steady": Pattern("the same all the time", lambda part: 1.0, USUAL),
    "class": Pattern("a lesson: arrival, waves of work, an end", _lesson, USUAL),
    "spike": Pattern("eight times as much for a fifth of the time", _spike, USUAL),
    "errors": Pattern(
        "mistakes, strangers, and jobs that cannot succeed", lambda part: 1.0, CARELESS
    ),
}


def moments(pattern: Pattern, rate: float, seconds: float) -> Iterator[float]:
    """When each request is due, in seconds from the beginning."""
    due = 0.0
    while due < seconds:
        yield due
        due += 1.0 / (rate * pattern.pace(due / seconds))
