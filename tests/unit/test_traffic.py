"""A class that is invented: how busy it is, what it does, and that nobody of it stays."""

import random
import threading
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coreskills.stack.client import Client
from coreskills.stack.traffic import deeds, leavers
from coreskills.stack.traffic.crowd import Crowd
from coreskills.stack.traffic.deeds import DEEDS, MOST, PREFIX, Reply, School
from coreskills.stack.traffic.patterns import PATTERNS, moments
from coreskills.stack.traffic.tally import Tally
from tests.scripted_api import scripted_api

ACCEPTED = (202, {"job_id": 7, "status": "queued"})
REFUSED = (409, {"code": "state_conflict", "detail": "on hold"})


def done(**more: object) -> tuple[int, dict]:
    known = {"id": 7, "status": "completed", "progress": None}
    return 200, known | {"error_code": None, "error_message": None} | more


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=list(PATTERNS))
def test_every_pattern_is_made_of_deeds_that_there_are(pattern):
    assert set(pattern.mix) <= set(DEEDS)
    assert sum(pattern.mix.values()) == 100


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=list(PATTERNS))
@settings(deadline=None)
@given(rate=st.floats(0.1, 200), minutes=st.floats(0.05, 5))
def test_requests_are_due_in_order_and_within_the_time(pattern, rate: float, minutes: float):
    due = list(moments(pattern, rate, minutes * 60))
    assert all(a < b for a, b in pairwise(due))
    assert 0 <= due[0] <= due[-1] < minutes * 60


def test_a_steady_class_keeps_its_rate():
    assert len(list(moments(PATTERNS["steady"], 5, 60))) == pytest.approx(300, abs=1)


def test_a_spike_is_eight_times_as_high_as_the_rest():
    due = list(moments(PATTERNS["spike"], 5, 100))
    before = sum(10 <= moment < 20 for moment in due)
    within = sum(45 <= moment < 55 for moment in due)
    assert within == pytest.approx(8 * before, rel=0.05)


def test_a_lesson_begins_with_everybody_and_ends_with_few():
    due = list(moments(PATTERNS["class"], 5, 1000))
    assert sum(moment < 50 for moment in due) > 3 * sum(moment >= 950 for moment in due)


def test_whoever_is_enrolled_again_has_the_key_of_the_first_time():
    with scripted_api({"POST /api/v1/students": [ACCEPTED]}) as api:
        school = School(Client(api.url), random.Random(1))
        school.enrol()
        school.enrol_again()
        (_, first), (_, second) = api.asked
    assert first == second
    assert first["student_id"].startswith(PREFIX)


def test_no_run_invents_more_students_than_it_may():
    with scripted_api({"POST /api/v1/students": [ACCEPTED]}) as api:
        school = School(Client(api.url), random.Random(1))
        school.enrolled = [f"{school.run}-{n:04d}" for n in range(MOST - 1)]
        school.enrol()
        school.enrol()
        ids = [body["student_id"] for _, body in api.asked]
    assert len(set(ids)) == 1
    assert len(school.enrolled) == MOST


def test_a_job_that_has_ended_is_not_asked_for_again():
    answers = [done(status="running"), done(status="failed")]
    with scripted_api({"GET /api/v1/jobs/7": answers}) as api:
        school = School(Client(api.url))
        school.waiting.append(7)
        assert [school.poll().ended, school.poll().ended] == ["", "failed"]
    assert not school.waiting


def test_an_api_that_is_away_is_counted_and_not_fatal():
    school = School(Client("http://127.0.0.1:9"))
    assert school.browse() == Reply(0, {})
    tally = Tally()
    tally.note("browse", Reply(0, {}), 0.1, expected=False)
    assert tally.summary()["no_answer"] == 1
    assert tally.summary()["unexpected"] == {"browse: no answer": 1}


def test_what_nobody_expected_is_told_with_its_status():
    with scripted_api({"GET /api/v1/users": [(500, {})]}) as api:
        crowd = Crowd(School(Client(api.url), _Always("users")), PATTERNS["steady"], 50, 0.2)
        crowd.school.browse()
        assert crowd.work(lambda _: None)
    assert crowd.tally.statuses[500]
    assert any(word.endswith(": 500") for word in crowd.tally.unexpected)


class _Always(random.Random):
    """Chooses this place wherever it may, and browsing whatever there is to do."""

    def __init__(self, place: str) -> None:
        super().__init__(1)
        self._place = place

    def choice(self, seq):
        return self._place if self._place in seq else seq[0]

    def choices(self, population, **_more):
        return ["browse"]


def test_a_class_that_cannot_keep_up_leaves_out_what_is_late():
    """Nobody answers: all places are taken, and what is due meanwhile must not pile up."""
    hung = threading.Event()

    class Hanging(School):
        def browse(self) -> Reply:
            hung.wait(2.5)
            return Reply(0, {})

    browsing = deeds.Deed(Hanging.browse, frozenset({0}))
    school = Hanging(Client("http://127.0.0.1:9"), _Always("users"))
    crowd = Crowd(school, PATTERNS["steady"], 100, 2.0, {"browse": browsing})
    assert crowd.work(lambda _: None)
    assert crowd.tally.skipped > 50
    assert crowd.tally.sent + crowd.tally.skipped == pytest.approx(200, abs=1)


def test_the_invented_leave_by_three_jobs_and_nobody_else_does():
    students = [
        {"id": 1, "student_id": "S2027001", "is_active": True},
        {"id": 2, "student_id": f"{PREFIX}ab12-0001", "is_active": True},
        {"id": 3, "student_id": f"{PREFIX}ab12-0002", "is_active": False},
        {"id": 4, "student_id": f"{PREFIX}cd34-0001", "is_active": True},
    ]
    script = {
        "GET /api/v1/students": [(200, {"students": students})],
        "GET /api/v1/users/3": [(200, {"state": "archived"})],
        "GET /api/v1/jobs/7": [done()],
    }
    acts = ["POST /api/v1/users/2/disable", "POST /api/v1/users/2/archive"]
    acts += ["POST /api/v1/users/2/purge", "POST /api/v1/users/3/purge"]
    with scripted_api(script | {act: [ACCEPTED] for act in acts}) as api:
        client = Client(api.url)
        people = leavers.invented(client, f"{PREFIX}ab12")
        assert leavers.remove(client, people, lambda _: None) == (2, 0)
        assert [what for what, _ in api.asked if what.startswith("POST")] == acts


def test_whoever_cannot_leave_is_counted_as_left_behind():
    person = {"id": 2, "student_id": f"{PREFIX}ab12-0001", "is_active": True}
    script = {"POST /api/v1/users/2/disable": [ACCEPTED], "GET /api/v1/jobs/7": [done()]}
    with scripted_api(script | {"POST /api/v1/users/2/archive": [REFUSED]}) as api:
        assert leavers.remove(Client(api.url), [person], lambda _: None) == (0, 1)
        assert not any(what.endswith("/purge") for what, _ in api.asked)
