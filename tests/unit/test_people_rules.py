"""What a student and a member of staff must look like."""

import pytest
from pydantic import ValidationError

from coreskills.domain.lifecycle import DisableAccount
from coreskills.domain.people import Staff, Student, UserChange, faults
from tests.people import ADA, JEAN


def refused(model, values) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(values)
    return {fault.at: fault.message for fault in faults(caught.value, model=model)}


def test_ada_is_a_student_and_jean_is_staff():
    assert Student.model_validate(ADA).key == "S2028001"
    assert Staff.model_validate(JEAN).key == "E1001"


def test_every_missing_field_is_named_at_once():
    assert refused(Student, {}) == dict.fromkeys([f"/{name}" for name in ADA], "is required")
    assert refused(Staff, {}) == dict.fromkeys([f"/{name}" for name in JEAN], "is required")


def test_an_unknown_field_is_refused_by_name():
    assert refused(Student, ADA | {"is_admin": True}) == {"/is_admin": "is not a known field"}


@pytest.mark.parametrize("grade", [8, 13, -1, 2**40])
def test_a_grade_outside_high_school_is_refused(grade):
    assert "/grade_level" in refused(Student, ADA | {"grade_level": grade})


@pytest.mark.parametrize("grade", [9, 12])
def test_the_first_and_the_last_grade_are_grades(grade):
    assert Student.model_validate(ADA | {"grade_level": grade}).grade_level == grade


@pytest.mark.parametrize("year", [2019, 2061, 1999, 2207])
def test_a_graduation_year_out_of_sight_is_refused(year):
    assert "/graduation_year" in refused(Student, ADA | {"graduation_year": year})


@pytest.mark.parametrize("value", ["11", 11.0, True, None])
def test_nothing_is_quietly_turned_into_a_number(value):
    assert "/grade_level" in refused(Student, ADA | {"grade_level": value})


@pytest.mark.parametrize("value", [1, b"Ada", None, ["Ada"]])
def test_nothing_is_quietly_turned_into_a_name(value):
    assert "/first_name" in refused(Student, ADA | {"first_name": value})


def test_all_faults_of_one_person_come_together():
    wrong = {"student_id": "-", "first_name": "1", "last_name": "", "grade_level": 0, "extra": 1}
    assert set(refused(Student, wrong)) == {
        "/student_id",
        "/first_name",
        "/last_name",
        "/grade_level",
        "/graduation_year",
        "/extra",
    }


def test_an_account_is_disabled_for_a_known_reason():
    assert DisableAccount.model_validate({"user_id": 1}).reason == "admin"
    assert "/reason" in refused(DisableAccount, {"user_id": 1, "reason": "because"})
    assert "/user_id" in refused(DisableAccount, {"user_id": 0})
    assert "/user_id" in refused(DisableAccount, {"user_id": 2**63})


def test_a_change_touches_neither_the_username_nor_the_place_and_says_what_does():
    told = refused(UserChange, {"username": "root", "grade_level": 9, "is_admin": True})
    assert "rename_account" in told["/username"]
    assert "update_person" in told["/grade_level"]
    assert told["/is_admin"] == "is not a known field"


def test_a_person_cannot_be_altered_in_passing():
    with pytest.raises(ValidationError, match="frozen"):
        Student.model_validate(ADA).last_name = "Byron"
