"""The commands of the lifecycle: every way there is, no other, and nothing the second time."""

from itertools import product
from typing import get_args

import pytest

from coreskills.domain.lifecycle import MOVES, Event, State
from coreskills.engine.native import NativeEngine
from coreskills.errors import EngineFailed

HOME = "OU=Class of 2028,OU=Students,DC=x"
ACTIVE = {
    "Username": "alovelace8001",
    "Email": "alovelace8001@x",
    "OU": HOME,
    "OriginalOU": None,
    "State": "active",
    "DisableReason": None,
    "DevicesHeld": [],
    "LegalHold": False,
}
COMMANDS = {
    "suspend": ("Suspend-KISDAccount", {}),
    "resume": ("Resume-KISDAccount", {}),
    "disable": ("Disable-KISDAccount", {"Reason": "leaver"}),
    "restore": ("Restore-KISDAccount", {}),
    "archive": ("Remove-KISDAccount", {"Stage": "archive"}),
    "purge": ("Remove-KISDAccount", {"Stage": "purge"}),
}


def invoke(event, account, **parameters):
    command, usual = COMMANDS[event]
    facts = {"Account": account, "DirectorySuffix": "DC=x"}
    return NativeEngine().invoke(command, usual | parameters, facts, 5.0)


def refusal(event, account, **parameters):
    with pytest.raises(EngineFailed) as caught:
        invoke(event, account, **parameters)
    assert caught.value.permanent
    return caught.value


@pytest.mark.parametrize(("event", "state"), list(product(COMMANDS, get_args(State))))
def test_an_event_leads_where_the_table_says_and_nowhere_else(event, state):
    account = ACTIVE | {"State": state}
    if target := MOVES[event].get(state):
        assert invoke(event, account)["After"]["State"] == target
    elif state in MOVES[event].values():
        assert invoke(event, account)["Changed"] is False
    else:
        assert refusal(event, account).code == "state_conflict"


def test_every_event_of_a_person_has_a_command():
    """Activating and failing come with the first day of a staged account."""
    assert set(get_args(Event)) - set(COMMANDS) == {"activate", "fail"}


def test_a_disabled_account_is_moved_away_and_a_restored_one_comes_back():
    disabled = invoke("disable", ACTIVE, Reason="leave")
    assert disabled["After"] == {
        "State": "disabled",
        "DisableReason": "leave",
        "OriginalOU": HOME,
        "OU": "OU=Disabled,DC=x",
    }
    assert disabled["Before"]["OU"] == HOME
    restored = invoke("restore", ACTIVE | disabled["After"])
    assert ACTIVE | restored["After"] == ACTIVE


@pytest.mark.parametrize("event", COMMANDS)
def test_the_second_time_nothing_changes(event):
    start = next(iter(MOVES[event]))
    account = ACTIVE | {"State": start}
    again = invoke(event, account | invoke(event, account)["After"])
    assert (again["Action"], again["Changed"], again["After"]) == ("noop", False, {})


def test_who_holds_devices_is_neither_archived_nor_purged():
    for event, state in (("archive", "disabled"), ("purge", "archived")):
        failed = refusal(event, ACTIVE | {"State": state, "DevicesHeld": ["LT-1", "LT-2"]})
        assert failed.code == "device_held"
        assert "LT-1, LT-2" in failed.message


def test_a_legal_hold_stops_the_purge_and_only_the_purge():
    held = ACTIVE | {"LegalHold": True}
    assert refusal("purge", held | {"State": "archived"}).code == "legal_hold"
    assert invoke("archive", held | {"State": "disabled"})["Changed"]


@pytest.mark.parametrize("reason", ["admin", "security", "leave"])
def test_time_removes_only_leavers(reason):
    account = ACTIVE | {"State": "disabled", "DisableReason": reason}
    assert refusal("archive", account, ByTimer=True).code == "not_a_leaver"
    assert invoke("archive", account)["Changed"]
    leaver = account | {"DisableReason": "leaver"}
    assert invoke("archive", leaver, ByTimer=True)["Changed"]


@pytest.mark.parametrize("event", COMMANDS)
def test_nobody_has_no_life(event):
    assert refusal(event, None).code == "not_found"
