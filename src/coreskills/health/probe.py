"""A probe asks one thing. Its verdict is one of three, for "cannot tell" is not "failed"."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from coreskills.errors import AppError

Verdict = Literal["ok", "failed", "not_run"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe saw. `why` is set unless all is well, and then `fix` is the next step."""

    measured: str
    why: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """`because`: the id of the probe whose failure is why this one was not run."""

    id: str
    title: str
    verdict: Verdict
    measured: str
    why: str
    fix: str
    milliseconds: float
    because: str = ""


class CannotTell(Exception):
    """What the probe needs is missing; says what."""


@dataclass(frozen=True, slots=True)
class Probe:
    """`id` is stable: docs and labs name it. `fix` helps when the question cannot even be asked.

    `needs`: the probes of what must answer, or this one is not worth asking.
    """

    id: str
    title: str
    ask: Callable[[], Finding]
    fix: str
    needs: tuple[str, ...] = ()

    def run(self) -> Result:
        started = time.perf_counter()
        verdict: Verdict
        try:
            found = self.ask()
            verdict = "failed" if found.why else "ok"
        except CannotTell as exc:
            found, verdict = Finding("", str(exc), self.fix), "not_run"
        except AppError as exc:
            found, verdict = Finding("", exc.message, self.fix), "failed"
        except Exception as exc:  # noqa: BLE001  a probe that breaks is a finding, too
            found, verdict = Finding("", f"{type(exc).__name__}: {exc}", self.fix), "failed"
        spent = (time.perf_counter() - started) * 1000
        fix = (found.fix or self.fix) if verdict != "ok" else ""
        return Result(self.id, self.title, verdict, found.measured, found.why, fix, round(spent, 1))

    def not_run(self, failed: Result) -> Result:
        why = f"{failed.id} failed: {failed.why}"
        return Result(self.id, self.title, "not_run", "", why, failed.fix, 0.0, failed.id)


def in_turn(probes: Iterable[Probe], known: Iterable[Result] = ()) -> Iterator[Result]:
    """Each probe's result, as it comes. What needs something that failed before, or is `known` to
    have failed, is not asked: it would wait in vain, and its failure hide the cause."""
    failed = {result.id: result for result in known if result.verdict == "failed"}
    for probe in probes:
        missing = next((failed[id] for id in probe.needs if id in failed), None)
        result = probe.not_run(missing) if missing else probe.run()
        if result.verdict == "failed":
            failed[result.id] = result
        yield result
