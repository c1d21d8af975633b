"""A schedule follows from its seed alone."""

from tests.faults.breakage import Breakage
from tests.faults.schedule import KINDS, schedule
from tests.faults.work import demand, rows


def test_the_same_seed_gives_the_same_faults_and_another_gives_others():
    assert schedule(7, 600) == schedule(7, 600)
    assert schedule(7, 600) != schedule(8, 600)


def test_ninety_seconds_hold_every_kind_of_fault():
    assert len(KINDS) >= 14
    for seed in range(20):
        assert {fault.kind for fault in schedule(seed, 90)} == KINDS.keys()


def test_half_an_hour_holds_a_thousand_faults_in_their_order():
    faults = schedule(1, 1800)
    assert len(faults) >= 1000
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
    assert all(0 < fault.at < 1800 for fault in faults)


def test_every_kind_can_be_done():
    assert {kind for kind in KINDS if not hasattr(Breakage, kind)} == {"cancel_storm"}


def test_the_same_number_is_the_same_demand_and_every_demand_is_another():
    assert demand(3, 17) == demand(3, 17)
    made = [demand(3, number) for number in range(3000)]
    assert {each.kind for each in made} == {"student", "staff", "self_test", "import"}
    people = [each.body["student_id"] for each in made if each.kind == "student"]
    people += [
        row["student_id"] for each in made if each.kind == "import" for row in rows(each.body)
    ]
    assert len(set(people)) == len(people)
