"""Every engine answers every vector alike, and the vectors leave nothing out."""

import copy

import pytest

from coreskills.config import load
from coreskills.domain.lifecycle import MOVES
from coreskills.engine.choice import chosen, host_command
from coreskills.engine.native import COMMANDS, NativeEngine
from coreskills.engine.pwsh import PwshEngine
from coreskills.errors import EngineFailed
from tests.vectors import Vector, vectors

VECTORS = vectors()
EVENT_OF = {
    "Suspend-KISDAccount": "suspend",
    "Disable-KISDAccount": "disable",
    "Restore-KISDAccount": "restore",
}
STATES = {state for moves in MOVES.values() for pair in moves.items() for state in pair}


def answer(engine, vector: Vector):
    """The output, or the code of the refusal."""
    try:
        return engine.invoke(vector.command, vector.parameters, vector.context, 30)
    except EngineFailed as exc:
        return exc.code if exc.permanent else f"{exc.code}, and may be tried again"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_the_native_engine_answers(vector):
    given = copy.deepcopy(vector)
    assert answer(NativeEngine(), vector) == (vector.error or vector.output)
    assert vector == given, "the engine changed what it was given"


@pytest.fixture(scope="module")
def powershell():
    choice = chosen("auto", load().pwsh)
    if choice.name != "pwsh":
        pytest.skip(f"{len(VECTORS)} vectors not run by pwsh: {choice.why}")
    engine = PwshEngine(host_command(choice.path))
    yield engine
    engine.close()


def test_powershell_answers_alike(powershell):
    found = {v.name: answer(powershell, v) for v in VECTORS}
    right = {v.name: v.error or v.output for v in VECTORS}
    assert found == right


def test_there_are_many_and_each_has_its_own_name_and_one_expectation():
    assert len(VECTORS) >= 150
    assert len({vector.name for vector in VECTORS}) == len(VECTORS)
    assert all((vector.output is None) != (vector.error is None) for vector in VECTORS)


def test_every_command_has_answers_and_refusals():
    answered = {vector.command for vector in VECTORS if vector.output is not None}
    refused = {vector.command for vector in VECTORS if vector.error is not None}
    assert answered == set(COMMANDS)
    assert set(COMMANDS) <= refused


@pytest.mark.parametrize("command", EVENT_OF)
def test_every_state_is_tried_with_every_event(command):
    tried = {v.context["Account"]["State"] for v in VECTORS if v.command == command and _has(v)}
    assert tried == STATES
    refused = {
        v.context["Account"]["State"]
        for v in VECTORS
        if v.command == command and v.error == "state_conflict"
    }
    allowed = set(MOVES[EVENT_OF[command]])
    assert not refused & allowed
    assert refused | allowed | {"active", "suspended", "disabled"} == STATES


def _has(vector: Vector) -> bool:
    return vector.context.get("Account") is not None
