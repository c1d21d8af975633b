"""When a job is tried again, and what makes two jobs the same work."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coreskills.api.acts import ACTS
from coreskills.domain.access import PERMISSIONS
from coreskills.domain.jobs import ENDED, LONGEST_BACKOFF, OPEN, backoff_seconds
from coreskills.domain.kinds import KINDS, WRITE, unique_key
from coreskills.worker.handlers import HANDLERS
from tests.people import ADA, JEAN


@given(st.integers(0, 1000))
def test_a_retry_waits_between_nothing_and_five_minutes(failures):
    assert 0 <= backoff_seconds(failures) <= LONGEST_BACKOFF


@pytest.mark.parametrize(
    ("failures", "most"), [(0, 2), (1, 4), (2, 8), (6, 128), (7, 256), (8, 300), (60, 300)]
)
def test_the_longest_wait_doubles_with_each_failure(failures, most):
    assert backoff_seconds(failures, lambda low, high: high) == most
    assert backoff_seconds(failures, lambda low, high: low) == 0


def test_many_retries_do_not_come_back_together():
    assert len({backoff_seconds(3) for _ in range(100)}) > 90


def test_a_person_can_be_worked_on_once_at_a_time():
    assert unique_key("create_student", ADA) == "S2028001"
    assert unique_key("create_staff", JEAN) == "E1001"
    assert unique_key("disable_account", {"user_id": 7}) == "7"


def test_a_device_is_handed_to_one_person_at_a_time():
    assert unique_key("device_assign", {"device_id": "LT-7", "user_id": 7}) == "LT-7"


def test_a_device_may_be_looked_at_by_many():
    assert unique_key("policy_evaluate", {"device_id": "LT-7", "policy_id": 7}) is None


def test_a_class_may_leave_two_schools_only_one_after_the_other():
    every, one = {"graduation_year": 2027}, {"graduation_year": 2027, "school_id": 3}
    assert unique_key("graduate_cohort", every) == unique_key("graduate_cohort", one) == "2027"


def test_two_years_or_two_schools_may_return_their_devices_side_by_side():
    keys = [
        unique_key("device_return_cohort", asked)
        for asked in ({"graduation_year": 2027}, {"graduation_year": 2028}, {"school_id": 3})
    ]
    assert keys == ["2027:", "2028:", ":3"]


def test_all_groups_are_computed_by_one_job_at_a_time():
    assert unique_key("group_recompute", {}) == "all"
    assert unique_key("group_recompute", {"user_id": 7}) == "7"


@pytest.mark.parametrize("kind", ["self_test", "sweep_expired", "import_users"])
def test_work_on_nobody_may_run_side_by_side(kind):
    assert unique_key(kind, {}) is None


def test_every_state_but_one_is_either_open_or_ended():
    assert not OPEN & ENDED
    assert {
        "queued",
        "running",
        "suspended",
        "completed",
        "failed",
        "dead",
        "cancelled",
    } == OPEN | ENDED


def test_every_kind_of_job_has_a_handler():
    assert set(HANDLERS) == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_says_what_makes_sense(name):
    kind = KINDS[name]
    assert set(kind.unique) <= set(kind.takes.model_fields)
    assert 60 <= kind.deadline <= 3600  # the table jobs allows no more
    assert kind.alone or kind.deadline == 60, "what takes long holds up its neighbours"
    assert kind.permission in PERMISSIONS
    assert not kind.mass or "override" in kind.takes.model_fields


@pytest.mark.parametrize(("kind", "permission"), [row[:2] for row in ACTS.values()])
def test_an_act_lets_in_whom_its_kind_of_job_lets_in(kind, permission):
    """The same work has two doors: the act, and POST /api/v1/jobs."""
    by_job = PERMISSIONS[WRITE] & PERMISSIONS[KINDS[kind].permission]
    assert PERMISSIONS[permission] == by_job
