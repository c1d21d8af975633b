"""What a person's account is called."""

import re
import unicodedata

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from coreskills.domain.naming import (
    LAST_TOKEN,
    LONGEST,
    RESERVED,
    fold,
    free_username,
    staff_unit,
    student_unit,
    username_stem,
)
from coreskills.domain.people import Staff, Student
from coreskills.errors import EngineFailed

USERNAME = re.compile(r"[a-z0-9][a-z0-9.]{0,19}\Z")
SUFFIX = "DC=coreskills,DC=example"


def student(first: str, last: str, key: str = "S2028001") -> Student:
    return Student(
        student_id=key, first_name=first, last_name=last, grade_level=11, graduation_year=2028
    )


def staff(first: str, last: str, key: str = "E1001", department: str = "Computing") -> Staff:
    return Staff(
        employee_id=key, first_name=first, last_name=last, department=department, role="Teacher"
    )


@pytest.mark.parametrize(
    ("first", "last", "username"),
    [
        ("Ada", "Lovelace", "alovelace8001"),
        ("Conan", "O'Brien", "cobrien8001"),
        ("Conan", "O’Brien", "cobrien8001"),
        ("Zoë", "Nuñez", "znunez8001"),
        ("Jürgen", "Groß", "jgross8001"),
        ("Øystein", "Æsberg", "oaesberg8001"),
        ("Łukasz", "Żółć", "lzolc8001"),
        ("Mary Ann", "de la Cruz", "mdelacruz8001"),
        ("Anne-Marie", "Smith-Jones", "asmithjones8001"),
        ("X", "Y", "xy8001"),
        ("X", "王", "x8001"),
        ("王", "Li", "li8001"),
        ("Ana", "Abcdefghijklmnop", "aabcdefghijk8001"),
    ],
)
def test_a_student_is_named_initial_surname_and_end_of_the_id(first, last, username):
    assert username_stem(student(first, last)) == username


@pytest.mark.parametrize(
    ("first", "last", "username"),
    [
        ("Jean", "Bartik", "jean.bartik"),
        ("Conan", "O'Brien", "conan.obrien"),
        ("王", "Li", "li"),
        ("Li", "王", "li"),
        ("Maximiliana", "Featherstonehaugh", "maximiliana.feathe"),
        ("Seventeenletters", "Bar", "seventeenletters.b"),
        ("Seventeenlettersa", "Bar", "seventeenlettersa"),
    ],
)
def test_a_member_of_staff_is_named_given_dot_family(first, last, username):
    assert username_stem(staff(first, last)) == username


def test_a_name_without_any_latin_letter_falls_back_to_the_id():
    assert username_stem(student("伟", "王")) == "s2028001"
    assert username_stem(staff("伟", "王", "E-10_01")) == "e1001"


def test_a_surname_of_sixty_letters_leaves_room_for_the_collision_token():
    stem = username_stem(staff("Ana", "x" * 60))
    taken = {stem} | {f"{stem}{n}" for n in range(2, LAST_TOKEN)}
    assert free_username(stem, taken) == f"{stem}99"
    assert len(f"{stem}99") == LONGEST


def test_equal_names_are_counted_from_two():
    taken: set[str] = set()
    for expected in ("jean.bartik", "jean.bartik2", "jean.bartik3"):
        assert free_username("jean.bartik", taken) == expected
        taken.add(expected)


def test_a_gap_in_the_count_is_filled():
    assert free_username("li", {"li", "li3"}) == "li2"


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_a_reserved_word_is_nobodys_username(word):
    assert free_username(word, set()) == f"{word}2"


def test_a_student_whose_name_spells_root_is_not_root():
    stem = username_stem(student("R", "O", "ot"))
    assert stem == "root"
    assert free_username(stem, set()) == "root2"


def test_when_all_ninety_nine_names_are_taken_it_says_so_for_good():
    taken = {"li"} | {f"li{n}" for n in range(2, 100)}
    with pytest.raises(EngineFailed, match="from li to li99") as failed:
        free_username("li", taken)
    assert failed.value.code == "username_exhausted"
    assert failed.value.permanent


def test_students_stand_under_their_class_and_staff_under_their_department():
    assert student_unit(2028, SUFFIX) == f"OU=Class of 2028,OU=Students,{SUFFIX}"
    assert staff_unit("Computing", SUFFIX) == f"OU=Computing,OU=Staff,{SUFFIX}"


@pytest.mark.parametrize(
    ("department", "written"),
    [
        ("Arts, Music", r"Arts\, Music"),
        ("#1 Lab", r"\#1 Lab"),
        ('A"B', r"A\"B"),
        ("R+D", r"R\+D"),
        ("a=b;c<d>e", r"a\=b\;c\<d\>e"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_a_department_cannot_break_out_of_its_directory_path(department, written):
    assert staff_unit(department, SUFFIX) == f"OU={written},OU=Staff,{SUFFIX}"


names = st.text(
    st.one_of(
        st.sampled_from("ÀßøłñIİıǅﬁK王'’.- "),
        st.characters(categories=["Lu", "Ll", "Lo", "Lt", "Lm", "Mn"]),
    ),
    min_size=1,
    max_size=60,
)
keys = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", fullmatch=True)


def _has_a_letter(name: str) -> bool:
    return any(unicodedata.category(char).startswith("L") for char in name)


people = st.builds(
    lambda make, first, last, key: make(first, last, key),
    st.sampled_from([student, staff]),
    names.filter(_has_a_letter),
    names.filter(_has_a_letter),
    keys,
)


@settings(deadline=None, max_examples=300)
@given(people)
def test_every_person_gets_a_username_that_every_directory_takes(person):
    stem = username_stem(person)
    username = free_username(stem, set())
    assert USERNAME.match(username), username
    assert len(stem) <= LONGEST - len(str(LAST_TOKEN))
    assert not username.endswith(".")


@settings(deadline=None)
@given(people)
def test_the_same_person_is_always_named_the_same(person):
    assert username_stem(person) == username_stem(person.model_copy())


@settings(deadline=None)
@given(people, st.sets(st.integers(1, LAST_TOKEN), max_size=LAST_TOKEN - 1))
def test_a_free_username_is_never_a_taken_one(person, tokens):
    stem = username_stem(person)
    taken = {stem if token == 1 else f"{stem}{token}" for token in tokens}
    assume(len(taken) + (stem in RESERVED) < LAST_TOKEN)
    name = free_username(stem, taken)
    assert name not in taken
    assert name not in RESERVED
    assert name.startswith(stem)
    assert USERNAME.match(name)


@settings(deadline=None)
@given(st.text(max_size=50))
def test_folding_leaves_only_letters_and_digits_and_is_stable(text):
    folded = fold(text)
    assert re.fullmatch("[a-z0-9]*", folded)
    assert fold(folded) == folded


@settings(deadline=None)
@given(st.text(st.characters(categories=["L"]), max_size=30))
def test_case_does_not_matter_to_ascii_names(text):
    ascii_only = text.encode("ascii", "ignore").decode()
    assert fold(ascii_only.upper()) == fold(ascii_only.lower())


def test_the_two_forms_of_an_accent_fold_alike():
    assert fold("Nuñez") == fold("Nun\u0303ez") == "nunez"
