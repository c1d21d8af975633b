"""The school year ends: pupils step to the next grade or school, and the last class leaves.

All of a school step in one transaction. A school steps once in a school year, and so does a pupil,
also one who came to the next school in the same night.
"""

from collections.abc import Callable
from typing import Any

from coreskills.domain.accounts import GraduateCohort, PromoteCohort
from coreskills.domain.lifecycle import LEAVER
from coreskills.domain.people import LAST_GRADE
from coreskills.errors import NotFound
from coreskills.store import cohorts, lifecycle, orgs
from coreskills.store.db import Connection
from coreskills.worker import effects
from coreskills.worker.context import Context, Outcome
from coreskills.worker.effects import Decision
from coreskills.worker.facts import account_facts, key_of, moment
from coreskills.worker.plans import Change, Plan, carried_out

Row = dict[str, Any]
REPORT_EVERY = 500  # pupils between two words of progress
STEPPED = {"promoted": "promote", "feeder": "move", "retained": "retain"}
PASSED_OVER = {
    "graduated": ("graduates", "leaves with the class: graduate_cohort"),
    "skipped": ("state_conflict", "the account is not in use"),
    "already_stepped": ("already_stepped", "has stepped in this school year"),
}


def promote(context: Context) -> Outcome:
    wanted = PromoteCohort.model_validate(context.job.parameters)
    with context.db.reading() as conn:
        school, feeder = _school(conn, wanted.school_id)
        if step := cohorts.select_cohort_step(conn, wanted.school_year, wanted.school_id):
            return _stepped_already(context, step)
        ids = cohorts.select_pupils_of_school(conn, wanted.school_id)
        pupils = lifecycle.select_accounts(conn, ids)
    _refuse_strangers(wanted, pupils)
    facts = {"Name": school["name"], "Feeder": feeder and feeder["name"]}
    facts["TopGrade"] = school["top_grade"] or LAST_GRADE
    answers = _each(context, pupils, lambda pupil: _step(context, wanted, pupil, facts))
    decisions = [_decision(wanted, pupil, answer, feeder) for pupil, answer in answers]

    def write(conn: Connection) -> None:
        cohorts.insert_cohort_step(conn, wanted.school_year, wanted.school_id, context.job.id)
        effects.write(conn, context, [d for d in decisions if d], wanted.why)
        cohorts.hasten_recomputation(conn)

    changes = sorted((_stepped(*pair) for pair in answers), key=lambda change: change.key)
    result = {"School": school["name"], "SchoolYear": wanted.school_year}
    return carried_out(context, Plan(changes, write, result, len(pupils)))


def graduate(context: Context) -> Outcome:
    """Those who still hold devices come first in the report: these have to be fetched."""
    wanted = GraduateCohort.model_validate(context.job.parameters)
    with context.db.reading() as conn:
        if wanted.school_id:
            orgs.select_school(conn, wanted.school_id)
        ids = cohorts.select_pupils_of_class(conn, wanted.graduation_year, wanted.school_id)
        pupils = lifecycle.select_accounts(conn, ids)
        population = cohorts.count_pupils(conn, wanted.school_id)
        now = moment(lifecycle.select_now(conn))
    leaving = [p for p in pupils if p["grade_level"] == LAST_GRADE and p["state"] != "disabled"]
    answers = _each(context, leaving, lambda pupil: _leave(context, pupil, now))
    decisions = [Decision(pupil, answer, "account.disabled") for pupil, answer in answers]

    def write(conn: Connection) -> None:
        effects.write(conn, context, decisions, wanted.why or "graduated")

    changes = [_left(decision) for decision in decisions]
    changes += [_kept(pupil) for pupil in pupils if pupil["grade_level"] != LAST_GRADE]
    changes.sort(key=lambda change: (change.code != "device_held", change.key))
    holders = sum(1 for pupil in leaving if pupil["devices_held"])
    result = {"GraduationYear": wanted.graduation_year, "HoldingDevices": holders}
    return carried_out(context, Plan(changes, write, result, population))


def _school(conn: Connection, id: int) -> tuple[Row, Row | None]:
    """And the one that takes its pupils."""
    school = orgs.select_school(conn, id)
    return school, orgs.select_org(conn, school["feeder_id"]) if school["feeder_id"] else None


def _stepped_already(context: Context, step: Row) -> Outcome:
    """The second time is no error, and changes nothing: also not those who came since."""
    result = {"AlreadyStepped": True, "SteppedBy": step["job_id"]}
    return carried_out(context, Plan([], lambda conn: None, result))


def _refuse_strangers(wanted: PromoteCohort, pupils: list[Row]) -> None:
    """An id with a slip of the pen would promote who was to be retained."""
    known = {pupil["student_id"] for pupil in pupils}
    strangers = sorted(set(wanted.retained) - known)
    if strangers:
        raise NotFound(f"Not pupils of this school: {', '.join(strangers[:10])}")


def _each(context: Context, pupils: list[Row], ask: Callable[[Row], Row]) -> list[tuple[Row, Row]]:
    answers = []
    for number, pupil in enumerate(pupils):
        if number % REPORT_EVERY == 0:
            context.report({"done": number, "total": len(pupils)})
        answers.append((pupil, ask(pupil)))
    return answers


def _step(context: Context, wanted: PromoteCohort, pupil: Row, school: Row) -> Row:
    facts = {
        "Account": account_facts(pupil, context.settings),
        "School": school,
        "SteppedInYear": pupil["stepped_in_year"],
    }
    parameters: Row = {"SchoolYear": wanted.school_year}
    if pupil["student_id"] in wanted.retained:
        parameters["Retained"] = True
    return context.invoke("Step-KISDGrade", parameters, facts)


def _decision(
    wanted: PromoteCohort, pupil: Row, answer: Row, feeder: Row | None
) -> Decision | None:
    """None for who is passed over."""
    if answer["Decision"] not in STEPPED:
        return None
    columns: Row = {"stepped_in_year": wanted.school_year}
    if answer["Decision"] == "feeder" and feeder:
        columns["school_id"] = feeder["id"]
    return Decision(pupil, answer, "student.stepped", columns)


def _stepped(pupil: Row, answer: Row) -> Change:
    decision = answer["Decision"]
    code, message = PASSED_OVER.get(decision, (None, ""))
    return Change(
        key=key_of(pupil),
        action=STEPPED.get(decision, "skip"),
        before=answer["Before"],
        after=answer["After"],
        code=code,
        message=message,
        version=pupil["version"],
    )


def _leave(context: Context, pupil: Row, now: str) -> Row:
    facts = {
        "Account": account_facts(pupil, context.settings),
        "Now": now,
        "DevicesHeld": pupil["devices_held"],
    }
    return context.invoke("Disable-KISDAccount", {"Reason": LEAVER}, facts)


def _left(decision: Decision) -> Change:
    held = decision.account["devices_held"]
    return Change(
        key=key_of(decision.account),
        action="disable",
        before=decision.answer["Before"],
        after=decision.after,
        code="device_held" if held else None,
        message=f"Still to be returned: {', '.join(held)}" if held else "",
        version=decision.account["version"],
    )


def _kept(pupil: Row) -> Change:
    return Change(
        key=key_of(pupil),
        action="skip",
        before={},
        after={},
        code="not_last_grade",
        message=f"is in grade {pupil['grade_level']}",
        version=pupil["version"],
    )
