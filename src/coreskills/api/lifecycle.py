from typing import Annotated

from apiflask import APIBlueprint
from flask import Response
from pydantic import Field

from coreskills.actions.lifecycle import change_step, turn_clock
from coreskills.api import schemas, schemas_people
from coreskills.api.answers import answer
from coreskills.api.context import asked, db
from coreskills.api.permissions import requires
from coreskills.domain.lifecycle import MOVES, StepChange
from coreskills.domain.people import Strict
from coreskills.store import lifecycle

blueprint = APIBlueprint("lifecycle", __name__, url_prefix="/api/v1", tag="Lifecycle")


SHOWN = (
    *("state", "state_since", "disable_reason", "aliases", "school"),
    *("groups", "remembered_groups", "licences"),
)


class Turn(Strict):
    """How far the clock of the lifecycle is set ahead; 0 sets it back to the real time."""

    days: Annotated[int, Field(ge=0, le=3660)]


@blueprint.get("/users/<int:id>/lifecycle")
@requires("people.read")
@blueprint.output(schemas.Lifecycle)
def get_lifecycle(id: int) -> Response:
    """Where an account stands, what may happen next, and what time will do to it"""
    with db().reading() as conn:
        account = lifecycle.select_account(conn, id)
        timers = lifecycle.select_timers(conn, id)
    found = {name: account[name] for name in SHOWN}
    events = [event for event, ways in MOVES.items() if account["state"] in ways]
    return answer({"user_id": id, **found, "events": events, "timers": timers})


@blueprint.get("/lifecycle/steps")
@requires("people.read")
@blueprint.output(schemas.LifecycleSteps)
def list_steps() -> Response:
    """Which jobs follow when somebody joins, moves or leaves, and after how many days"""
    with db().reading() as conn:
        return answer({"steps": lifecycle.select_steps(conn)})


@blueprint.patch("/lifecycle/steps/<event>/<user_type>/<int:position>")
@requires("lifecycle.steps")
@blueprint.input(StepChange, arg_name="change")
@blueprint.output(schemas_people.LifecycleStep)
def patch_step(event: str, user_type: str, position: int, change: StepChange) -> Response:
    """Change after how many days a step follows, or switch it off; running timers keep their day"""
    return answer(change_step(db(), asked(), (event, user_type, position), change))


@blueprint.get("/lifecycle/clock")
@requires("people.read")
@blueprint.output(schemas.LifecycleClock)
def get_clock() -> Response:
    """The time by which timers fire, and how far it is ahead"""
    with db().reading() as conn:
        return answer(lifecycle.select_clock(conn))


@blueprint.post("/lifecycle/clock")
@requires("lifecycle.clock")
@blueprint.input(Turn, arg_name="turn")
@blueprint.output(schemas.LifecycleClock)
def post_clock(turn: Turn) -> Response:
    """Turn the clock ahead, for a demonstration; timers that are due then fire"""
    return answer(turn_clock(db(), asked(), turn.days))
