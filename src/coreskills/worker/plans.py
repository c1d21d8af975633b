"""Plans: what a job is going to do, said before it does it, and kept as the report of what it did.

A dry run keeps its plan. A job that names that plan makes its own once more and goes on only if it
is the same, line by line and version by version: then what was read is what is done.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from coreskills.domain.jobs import essence
from coreskills.domain.kinds import HANDFUL, kind_of
from coreskills.errors import Conflict, Frozen, NeedsApproval
from coreskills.store import plans
from coreskills.store.db import Connection
from coreskills.worker.context import Context, Outcome

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A line of a plan. `version` is that of the row it was decided about; `code` says why
    something was skipped or refused. `rows` is how many it stands for; of `among`, if that is not
    all the population."""

    key: str
    action: str
    before: Row = field(default_factory=dict)
    after: Row = field(default_factory=dict)
    code: str | None = None
    message: str = ""
    version: int | None = None
    rows: int = 1
    among: int | None = None


@dataclass(frozen=True)
class Plan:
    """`write` carries everything out, and raises ChangedMeanwhile if something is not as it was
    decided about. `population`: how many there are, of which thresholds take their percent."""

    changes: list[Change]
    write: Callable[[Connection], None]
    result: Row = field(default_factory=dict)
    population: int | None = None

    def counts(self) -> dict[str, int]:
        counts = Counter[str]()
        for change in self.changes:
            counts[change.action] += change.rows
        return dict(sorted(counts.items()))

    def shares(self, action: str) -> list[tuple[int, int | None]]:
        """How many of how many: all together, or each of the lines that say themselves of what."""
        own = [(c.rows, c.among) for c in self.changes if c.action == action and c.among]
        return list(own) or [(self.counts().get(action, 0), self.population)]

    def told(self, *, dry_run: bool, plan_id: int | None) -> Row:
        """The result of the job, in whose `Counts` an import counts its rows."""
        return {"DryRun": dry_run, "PlanId": plan_id, "Counts": self.counts()} | self.result

    def digest(self) -> bytes:
        lines = [asdict(change) for change in self.changes]
        return sha256(orjson.dumps(lines, option=orjson.OPT_SORT_KEYS)).digest()

    def keep(self, conn: Connection, job_id: int) -> None:
        """The lines, for who wants to read them."""
        plans.replace_rows(conn, job_id, [asdict(change) for change in self.changes])


def carried_out(context: Context, plan: Plan) -> Outcome:
    """The plan as the outcome of the job: kept only, in a dry run, or carried out.

    Raises Frozen, Conflict `plan_stale`, and NeedsApproval.
    """
    job = context.job
    if job.parameters.get("dry_run"):
        return Outcome(
            plan.told(dry_run=True, plan_id=job.id), lambda conn: _keep(conn, job.id, plan)
        )
    _refuse_frozen(context)
    followed = job.parameters.get("plan_id")
    if followed:
        _refuse_stale(context, plan, followed)
    _refuse_too_much(context, plan)

    def write(conn: Connection) -> None:
        plan.write(conn)
        plan.keep(conn, job.id)
        if followed and not plans.mark_applied(conn, followed, by=job.id):
            raise _stale(f"Plan {followed} was carried out already")

    return Outcome(plan.told(dry_run=False, plan_id=followed), write)


def _keep(conn: Connection, job_id: int, plan: Plan) -> None:
    plans.insert_plan(conn, job_id, plan.digest())
    plan.keep(conn, job_id)


def _refuse_frozen(context: Context) -> None:
    """The API refuses, too; this is for a window that began while the job waited."""
    if not kind_of(context.job.job_type).mass or context.job.parameters.get("override"):
        return
    with context.db.reading() as conn:
        window = plans.select_freeze(conn)
    if window:
        raise Frozen(window["reason"], window["ends_at"])


def _refuse_stale(context: Context, plan: Plan, followed: int) -> None:
    with context.db.reading() as conn:
        kept = plans.select_plan(conn, followed)
    job = context.job
    if kept is None or kept["job_type"] != job.job_type:
        raise _stale(f"There is no plan {followed} for a {job.job_type}")
    if essence(kept["parameters"]) != essence(job.parameters):
        raise _stale(f"Plan {followed} was made for other parameters")
    if bytes(kept["digest"]) != plan.digest():
        raise _stale(f"Something changed since plan {followed} was made")


def _refuse_too_much(context: Context, plan: Plan) -> None:
    job = context.job
    with context.db.reading() as conn:
        limits = plans.select_thresholds_of(conn, job.job_type)
        too_much = _exceeded(plan, limits)
        if not too_much:
            return
        if plans.select_approval(conn, job.id):
            approved = plans.select_plan(conn, job.id)
            if approved and bytes(approved["digest"]) == plan.digest():
                return
            raise _stale(f"Something changed since job {job.id} was approved")
    raise NeedsApproval(too_much, lambda conn: _keep(conn, job.id, plan))


def _exceeded(plan: Plan, limits: list[Row]) -> str:
    for limit in limits:
        for count, among in plan.shares(limit["action"]):
            share = 100 * count / among if among else 0.0
            if count > limit["most"] or (count > HANDFUL and share > limit["percent"]):
                of = f" of {among:,}" if among else ""
                return (
                    f"It would {limit['action']} {count:,}{of}; more than {limit['most']:,} or "
                    f"{limit['percent']} % need a second person: coreskills jobs approve"
                )
    return ""


def _stale(message: str) -> Conflict:
    return Conflict(f"{message}; make a new dry run", code="plan_stale")
