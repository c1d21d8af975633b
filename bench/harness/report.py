"""What a benchmark prints on stdout: a Markdown table for people, then one line of JSON."""

import json
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One target. `met` is None where there is no target, only a figure worth knowing."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None


@dataclass
class Report:
    benchmark: str
    figures: list[Figure] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def at_most(self, what: str, measured: float, target: float, unit: str) -> None:
        self._add(what, measured, f"<= {target:g} {unit}", measured <= target, unit)

    def at_least(self, what: str, measured: float, target: float, unit: str) -> None:
        self._add(what, measured, f">= {target:g} {unit}", measured >= target, unit)

    def note(self, what: str, measured: str) -> None:
        self.figures.append(Figure(what, measured))

    def put(self) -> None:
        print(table(self.figures))
        print()
        print(json.dumps(asdict(self)))

    def _add(self, what: str, measured: float, target: str, met: bool, unit: str) -> None:
        self.figures.append(Figure(what, f"{rounded(measured)} {unit}", target, met))


def table(figures: list[Figure]) -> str:
    lines = ["| what | target | measured | verdict |", "|---|---|---|---|"]
    for figure in figures:
        verdict = {True: "met", False: "**missed**", None: ""}[figure.met]
        lines.append(f"| {figure.what} | {figure.target} | {figure.measured} | {verdict} |")
    return "\n".join(lines)


def rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def percentile(values: list[float], share: float) -> float:
    """The nearest rank: a value that was measured, nothing between two."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


__all__ = ["Figure", "Report", "median", "percentile", "rounded", "table"]
