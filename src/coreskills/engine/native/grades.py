"""The end of a school year, for one pupil."""

from typing import Any

from coreskills.domain.naming import student_unit
from coreskills.domain.people import LAST_GRADE
from coreskills.engine.native.answers import Answer, Facts, account_of, change, fact, refusal
from coreskills.engine.parameters import StepGrade


def step_grade(wanted: StepGrade, facts: Facts) -> Answer:
    """Decision: promoted, feeder (to the next school), graduated, retained (the same grade again,
    and so the class of a year later), skipped (not active), or already_stepped. `SteppedInYear` is
    the school year of the last step; `School` is {Name, TopGrade, Feeder}, Feeder null where
    nobody knows. What follows for a graduate is the leaver's workflow."""
    account = account_of(facts)
    if account["Kind"] != "student":
        raise refusal("validation_failed", "Only students have a grade")
    decision, before, after = _decided(wanted, account, facts)
    action = "graduate" if decision == "graduated" else "update"
    answer = change(action, before, after)
    if decision == "graduated":
        answer |= {"Action": action}
    return {"Username": account["Username"], "Decision": decision} | answer


_Decision = tuple[str, dict[str, Any], dict[str, Any]]


def _decided(wanted: StepGrade, account: dict[str, Any], facts: Facts) -> _Decision:
    if facts.get("SteppedInYear") == wanted.SchoolYear:
        return "already_stepped", {}, {}
    if account["State"] not in ("staged", "active", "suspended"):
        return "skipped", {}, {}
    grade = account["GradeLevel"]
    if wanted.Retained:
        return "retained", account, _a_year_later(account, facts)
    if grade >= LAST_GRADE:
        return "graduated", {}, {}
    school = facts.get("School")
    if school is None or grade < school["TopGrade"]:
        return "promoted", account, {"GradeLevel": grade + 1}
    if not school["Feeder"]:
        raise refusal("feeder_missing", f"Nobody says which school follows {school['Name']}")
    moved = {"GradeLevel": grade + 1, "School": school["Feeder"]}
    return "feeder", account | {"School": school["Name"]}, moved


def _a_year_later(account: dict[str, Any], facts: Facts) -> dict[str, Any]:
    suffix, year = fact(facts, "DirectorySuffix"), account["GraduationYear"]
    after: dict[str, Any] = {"GraduationYear": year + 1}
    if account["OU"] == student_unit(year, suffix):
        after["OU"] = student_unit(year + 1, suffix)
    return after
