"""A seeded run of load and faults: python -m tests.faults.chaos --seed 1 --minutes 3 --original

Prints how it goes to stderr, the verdict to stdout, and ends with 1 on any violation.
"""

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.faults import checker
from tests.faults.injector import Injector, Keeper
from tests.faults.lab import OPEN_JOBS, Lab
from tests.faults.ledger import Ledger
from tests.faults.load import Load
from tests.faults.original import Original
from tests.faults.schedule import schedule
from tests.faults.verdict import Verdict

MEMORY = Path("/dev/shm")
BACKLOG = 20
HEALED_AFTER = 10.0
STILL_OPEN = "SELECT count(*) FROM jobs WHERE id = ANY(%s) AND status IN ('queued', 'running')"
STUCK_AFTER = 60.0  # seconds after the last fault
AGES = """
    SELECT round(extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY age))::numeric, 3),
           round(extract(epoch FROM percentile_cont(0.99) WITHIN GROUP (ORDER BY age))::numeric, 3),
           round(extract(epoch FROM max(age))::numeric, 1)
      FROM (SELECT completed_at - created_at AS age FROM jobs WHERE status = 'completed') AS jobs
"""
ATTEMPTS = "SELECT coalesce(outcome, 'open'), count(*) FROM job_attempts GROUP BY 1"


@dataclass(frozen=True)
class Run:
    """All that a run follows from. `per_minute`: faults; `rate`: requests a second."""

    seed: int
    seconds: float
    rate: float = 32.0
    per_minute: float = 34.0
    workers: int = 3
    api_processes: int = 2
    original: bool = False


def run(folder: Path, plan: Run, *, say: bool = False) -> Verdict:
    with (
        Lab(folder, workers=plan.workers, api_processes=plan.api_processes, proxied=True) as lab,
        Ledger(folder / "ledger.jsonl") as ledger,
    ):
        load = Load(lab.api.port, lab.token, ledger, seed=plan.seed, rate=plan.rate)
        faults = schedule(plan.seed, plan.seconds, plan.per_minute)
        injector = Injector(lab, load, faults, plan.seed)
        original = Original(lab, rate=plan.rate / 2) if plan.original else None
        return _Chaos(lab, load, injector, original, plan, say).run()


class _Chaos:
    def __init__(
        self,
        lab: Lab,
        load: Load,
        injector: Injector,
        original: Original | None,
        plan: Run,
        say: bool,
    ) -> None:
        self._lab = lab
        self._load = load
        self._injector = injector
        self._original = original
        self._plan = plan
        self._say = say

    def run(self) -> Verdict:
        if self._original:
            self._original.start()
        theirs = self._original.workers if self._original else []
        keepers = [Keeper(program) for program in (self._lab.api, *self._lab.workers, *theirs)]
        for each in (*keepers, self._load, self._injector):
            each.start()
        self._watch(keepers)
        if self._original:
            self._original.finish()
        self._injector.finish()
        healed = self._empty_redis_under_a_backlog()
        self._load.finish()
        drained = self._drain()
        for keeper in keepers:
            keeper.finish()
        verdict = self._verdict(drained)
        verdict.facts["backlog of an emptied Redis done within (s)"] = healed
        if healed is None:
            what = f"jobs that only PostgreSQL knew waited for more than {HEALED_AFTER:g} s"
            verdict.add("stuck", what)
        if self._original:
            verdict.control = self._original.settle()
            self._original.close()
        return verdict

    def _watch(self, keepers: list[Keeper]) -> None:
        """Until the time is over, or the laboratory itself is broken."""
        began = time.monotonic()
        while (passed := time.monotonic() - began) < self._plan.seconds:
            time.sleep(min(5.0, self._plan.seconds - passed))
            self._report(f"{passed:5.0f} s")
            broken = [*self._injector.errors, *(k.error for k in keepers if k.error)]
            if broken:
                raise RuntimeError("the laboratory itself is broken") from broken[0]

    def _empty_redis_under_a_backlog(self) -> float | None:
        """Seconds until what Redis has forgotten is done; None: too many.

        In the storm before, outages of Redis make workers look into PostgreSQL anyway, which would
        hide that nobody publishes again.
        """
        for worker in self._lab.workers:
            worker.pause()
        ids = self._injector.deliver("backlog", BACKLOG)
        self._lab.redis.flush()
        for worker in self._lab.workers:
            worker.resume()
        began = time.monotonic()
        while (passed := time.monotonic() - began) < HEALED_AFTER:
            if self._lab.ask(STILL_OPEN, ids) == [(0,)]:
                return round(passed, 1)
            time.sleep(0.1)
        return None

    def _drain(self) -> float | None:
        """Seconds until everything had ended; None: something is stuck."""
        began = time.monotonic()
        while (passed := time.monotonic() - began) < STUCK_AFTER:
            if self._lab.ask(OPEN_JOBS) == [(0,)]:
                return passed
            time.sleep(0.2)
        return None

    def _verdict(self, drained: float | None) -> Verdict:
        breakage, tally = self._injector.breakage, self._load.tally
        verdict = checker.check(self._lab.ask, self._load.ledger.path, poison=breakage.poisonous)
        for what in tally.refused:
            verdict.add("refused", what)
        for what in breakage.hung:
            verdict.add("hung", what)
        slow = sorted(tally.seconds)
        ((half, most, longest),) = self._lab.ask(AGES)
        verdict.facts |= {
            "seed": self._plan.seed,
            "seconds": self._plan.seconds,
            "faults": self._injector.done.total(),
            "kinds": dict(self._injector.done),
            "answers": dict(tally.answers),
            "attempts": dict(self._lab.ask(ATTEMPTS)),
            "poison jobs": len(breakage.poisonous),
            "accepted within (s)": f"p50 {_at(slow, 0.5)}, p99 {_at(slow, 0.99)}",
            "completed within (s)": f"p50 {half}, p99 {most}, most {longest}",
            "drained within (s)": "never" if drained is None else round(drained, 1),
        }
        return verdict

    def _report(self, when: str) -> None:
        if self._say:
            line = f"{when}  accepted {self._load.ledger.accepted:,}"
            line += f"  faults {self._injector.done.total()}"
            line += f"  answers {dict(self._load.tally.answers)}"
            print(line, file=sys.stderr, flush=True)


def _at(ordered: list[float], share: float) -> float:
    return round(ordered[int(len(ordered) * share)], 3) if ordered else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--minutes", type=float, default=1.5)
    parser.add_argument("--rate", type=float, default=Run.rate, help="requests a second")
    parser.add_argument("--faults", type=float, default=Run.per_minute, help="faults a minute")
    parser.add_argument("--original", action="store_true", help="the control runs beside it")
    parser.add_argument("--json", type=Path, help="write the verdict there, too")
    parser.add_argument("--keep", action="store_true", help="leave logs and ledger behind")
    given = parser.parse_args()
    plan = Run(given.seed, given.minutes * 60, given.rate, given.faults, original=given.original)
    home = MEMORY if MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="coreskills-chaos-", dir=home))
    try:
        verdict = run(folder, plan, say=True)
    finally:
        if given.keep:
            print(f"kept: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if given.json:
        given.json.write_text(verdict.json() + "\n", encoding="utf-8")
    print(verdict)
    return 0 if verdict.good else 1


if __name__ == "__main__":
    sys.exit(main())
