"""What a run has shown, for people and for programs."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = {
    "lost": "accepted, and never took effect",
    "double": "took effect, or was accepted, twice",
    "stuck": "has not ended",
    "wrong": "the result is not what was asked for",
    "trail": "the audit trail is broken",
    "dead": "a healthy job was given up",
    "poison": "a poison job was not given up",
    "refused": "an answer that should not have been given",
    "hung": "a program did not stop, or not start",
}
SHOWN = 5


@dataclass(frozen=True)
class Violation:
    kind: str
    what: str


@dataclass(frozen=True)
class Control:
    """The original's algorithm under the same faults."""

    accepted: int
    lost: int
    double: int


@dataclass
class Verdict:
    accepted: int = 0
    completed: int = 0
    violations: list[Violation] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    control: Control | None = None

    @property
    def good(self) -> bool:
        return not self.violations

    def count(self, kind: str) -> int:
        return sum(1 for violation in self.violations if violation.kind == kind)

    def add(self, kind: str, what: str) -> None:
        assert kind in KINDS
        self.violations.append(Violation(kind, what))

    def json(self) -> str:
        counts = {kind: self.count(kind) for kind in KINDS}
        return json.dumps(asdict(self) | {"good": self.good, "counts": counts}, indent=2)

    def __str__(self) -> str:
        """A table, and the first few of every kind of violation."""
        original = self.control
        lines = [_row("", "coreskills", "original" if original else "")]
        lines.append(_row("accepted", self.accepted, original and original.accepted))
        beside = {"lost": original.lost, "double": original.double} if original else {}
        lines += [_row(kind, self.count(kind), beside.get(kind)) for kind in KINDS]
        lines += [f"  {name}: {_fact(value)}" for name, value in self.facts.items()]
        for kind, meaning in KINDS.items():
            found = [each.what for each in self.violations if each.kind == kind]
            if found:
                lines.append(f"{kind} ({meaning}): {len(found)}")
                lines += [f"  {what}" for what in found[:SHOWN]]
        lines.append("GOOD" if self.good else f"BAD: {len(self.violations)} violations")
        return "\n".join(lines)


def _row(name: str, ours: object, theirs: object) -> str:
    return f"{name:12}{_cell(ours):>12}{_cell(theirs):>12}".rstrip()


def _cell(value: object) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _fact(value: Any) -> str:
    if isinstance(value, dict):
        ordered = Counter(value).most_common() if value else []
        return ", ".join(f"{name} {_cell(count)}" for name, count in ordered)
    return str(value)
