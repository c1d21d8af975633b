"""What a roster file may look like, and whom its rows stand for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coreskills.domain import csv_roster
from coreskills.domain.people import Staff, Student
from coreskills.errors import Fault, Invalid

STUDENT = list(csv_roster.STUDENT)
STAFF = list(csv_roster.STAFF)
ADA = ["S2028001", "Ada", "Lovelace", "11", "2028"]
JEAN = ["E1001", "Jean", "Bartik", "Computing", "Teacher"]


def header_faults(header) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        csv_roster.columns(header)
    assert {fault.code for fault in refused.value.faults} == {"csv_header"}
    return [(fault.at, fault.message) for fault in refused.value.faults]


def row_faults(row) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        csv_roster.person(row)
    return {fault.at: fault.message for fault in refused.value.faults}


@pytest.mark.parametrize("header", [STUDENT, STAFF, STUDENT[::-1], ["Type", *STUDENT, *STAFF[3:]]])
def test_the_header_of_either_kind_is_taken_in_any_order(header):
    if "Type" in header:
        header = ["Type", *dict.fromkeys([*STUDENT, *STAFF])]
    assert csv_roster.columns(header) == header


def test_case_and_outer_spaces_of_a_column_do_not_matter():
    assert csv_roster.columns(
        [" studentid", "FIRSTNAME ", "lastName", "gradelevel", "GraduationYear"]
    )


def test_every_fault_of_a_header_is_told_at_once():
    told = header_faults(["StudentID", "StudentID", "FirstName", "Shoe Size", ""])
    places = [at for at, _ in told]
    assert places == [
        "line 1, Shoe Size",
        "line 1, empty column",
        "line 1, StudentID",
        "line 1, LastName",
        "line 1, GradeLevel",
        "line 1, GraduationYear",
    ]
    assert ("line 1, StudentID", "appears more than once") in told


def test_a_missing_header_names_what_either_kind_needs():
    told = header_faults([])
    assert len(told) == len(STUDENT)
    assert "needs instead: EmployeeID, FirstName, LastName, Department, Role" in told[0][1]


@pytest.mark.parametrize("values", [ADA[:-1], [*ADA, "extra"], []])
def test_a_row_of_the_wrong_width_says_both_widths(values):
    row = csv_roster.record(STUDENT, values)
    assert row_faults(row) == {
        "columns": f"has {len(values)} values, the header has 5 columns",
    }
    assert csv_roster.natural_key(row) is None


def test_values_are_trimmed():
    assert csv_roster.record(STUDENT, [f" {value}\t" for value in ADA]) == dict(
        zip(STUDENT, ADA, strict=True)
    )


def test_a_row_becomes_the_person_it_describes():
    ada = csv_roster.person(csv_roster.record(STUDENT, ADA))
    jean = csv_roster.person(csv_roster.record(STAFF, JEAN))
    assert ada == Student(
        student_id="S2028001",
        first_name="Ada",
        last_name="Lovelace",
        grade_level=11,
        graduation_year=2028,
    )
    assert isinstance(jean, Staff)


def test_the_type_column_says_what_a_row_is():
    names = csv_roster.columns(["Type", *dict.fromkeys([*STUDENT, *STAFF])])
    both = dict.fromkeys(names, "") | dict(zip(STUDENT, ADA, strict=True))
    assert isinstance(csv_roster.person(both | {"Type": "STUDENT"}), Student)
    assert row_faults(both | {"Type": "parent"}) == {
        "Type": "must be student or staff, is 'parent'"
    }


def test_without_a_type_column_the_filled_id_says_it():
    names = csv_roster.columns(list(dict.fromkeys([*STUDENT, *STAFF])))
    empty = dict.fromkeys(names, "")
    assert isinstance(csv_roster.person(empty | dict(zip(STAFF, JEAN, strict=True))), Staff)
    assert isinstance(csv_roster.person(empty | dict(zip(STUDENT, ADA, strict=True))), Student)


def test_the_natural_key_is_the_kind_and_its_id():
    assert csv_roster.natural_key(csv_roster.record(STUDENT, ADA)) == "student:S2028001"
    assert csv_roster.natural_key(csv_roster.record(STAFF, JEAN)) == "staff:E1001"


@pytest.mark.parametrize("row", [{"StudentID": ""}, {"Type": "parent", "StudentID": "S1"}, {}])
def test_a_row_that_does_not_say_who_has_no_key(row):
    assert csv_roster.natural_key(row) is None


def test_every_fault_of_a_row_is_told_under_its_column():
    row = csv_roster.record(STUDENT, ["", "4da", "Lovelace", "13", "soon"])
    assert set(row_faults(row)) == {"StudentID", "FirstName", "GradeLevel", "GraduationYear"}


@pytest.mark.parametrize("grade", ["11.0", "eleven", "٣", "1" * 5000, "-9", "0x9"])
def test_a_grade_that_is_no_whole_number_is_refused(grade):
    assert "GradeLevel" in row_faults(csv_roster.record(STUDENT, [*ADA[:3], grade, "2028"]))


def faults_or_none(judge, given) -> list[Fault] | None:
    try:
        judge(given)
    except Invalid as refused:
        return refused.faults
    return None


values = st.one_of(st.text(max_size=20), st.sampled_from(ADA))
cells = st.one_of(st.text(max_size=15), st.sampled_from([*STUDENT, *STAFF]))


@settings(deadline=None)
@given(st.tuples(*[values] * 5))
def test_any_row_is_either_a_person_with_a_key_or_refused_with_faults(row):
    record = csv_roster.record(STUDENT, row)
    assert faults_or_none(csv_roster.person, record) != []
    if faults_or_none(csv_roster.person, record) is None:
        assert csv_roster.natural_key(record) == f"student:{csv_roster.person(record).key}"


@settings(deadline=None)
@given(st.lists(cells, max_size=10))
def test_any_header_is_either_usable_or_refused_with_faults(header):
    assert faults_or_none(csv_roster.columns, header) != []
