"""Schools and people, as the command line names them."""

import pytest

from coreskills.cli import account, cohort
from coreskills.errors import StackFailed
from tests.people import ADA, JEAN
from tests.pipeline import ask, submit, until


@pytest.fixture
def people(verb, db, site):
    """Ada is a pupil, Jean a teacher; there is North High."""
    submit(db, "create_student", ADA)
    submit(db, "create_staff", JEAN)
    until(lambda: len(ask(site, "SELECT id FROM users")) == 2)
    assert verb(cohort.app, "add-school", "North High", "--id", "north").exit_code == 0


def test_what_is_known_of_a_person_is_corrected_and_the_username_stays(verb, people, site):
    words = ("update", ADA["student_id"], "--last", "Byron", "--class-of", "2029", "--why", "typo")
    told = verb(account.app, *words)
    assert told.exit_code == 0, told.output
    assert ask(site, "SELECT last_name, username, ou LIKE '%2029%' FROM users WHERE id = 1") == [
        ("Byron", "alovelace8001", True)
    ]


@pytest.mark.parametrize("school", ["1", "north", "North High"])
def test_an_account_moves_to_a_school_by(verb, people, site, school):
    moved = verb(account.app, "move", ADA["student_id"], "--school", school)
    assert moved.exit_code == 0, moved.output
    assert ask(site, "SELECT school_id FROM users WHERE user_type = 'student'") == [(1,)]


def test_who_stays_in_a_grade_may_be_named_by_number(verb, people, site):
    ((ada,),) = ask(site, "SELECT id FROM users WHERE user_type = 'student'")
    verb(account.app, "move", f"user:{ada}", "--school", "north")
    words = ("promote", "north", "--year", "2027", "--dry-run", "--retain")
    told = verb(cohort.app, *words, f"user:{ada}")
    assert told.exit_code == 0, told.output
    assert "1 retain" in told.stdout


def test_a_teacher_stays_in_no_grade(verb, people):
    words = ("promote", "north", "--year", "2027", "--dry-run", "--retain")
    told = verb(cohort.app, *words, JEAN["employee_id"])
    assert isinstance(told.exception, StackFailed)
    assert told.exception.message == f"{JEAN['employee_id']} is no pupil"
