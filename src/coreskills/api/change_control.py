from apiflask import APIBlueprint
from flask import Response

from coreskills.actions import change_control as actions
from coreskills.api import schemas
from coreskills.api.answers import answer
from coreskills.api.context import asked, db
from coreskills.api.permissions import requires
from coreskills.domain.change_control import FreezeWindow, Threshold
from coreskills.store import plans

blueprint = APIBlueprint("change_control", __name__, url_prefix="/api/v1", tag="Change control")


@blueprint.get("/thresholds")
@requires("jobs.read")
@blueprint.output(schemas.Thresholds)
def list_thresholds() -> Response:
    """How much a job may change before a second person must approve it"""
    with db().reading() as conn:
        return answer({"thresholds": plans.select_thresholds(conn)})


@blueprint.put("/thresholds/<job_type>/<action>")
@requires("jobs.limits")
@blueprint.input(Threshold, arg_name="threshold")
@blueprint.output(schemas.Threshold)
def put_threshold(job_type: str, action: str, threshold: Threshold) -> Response:
    """Change a threshold"""
    return answer(actions.set_threshold(db(), asked(), job_type, action, threshold))


@blueprint.get("/freeze-windows")
@requires("jobs.read")
@blueprint.output(schemas.FreezeWindows)
def list_freeze_windows() -> Response:
    """When no mass change is accepted"""
    with db().reading() as conn:
        return answer({"freeze_windows": plans.select_freeze_windows(conn)})


@blueprint.post("/freeze-windows")
@requires("jobs.limits")
@blueprint.input(FreezeWindow, arg_name="window")
@blueprint.output(schemas.FreezeWindow, status_code=201)
def post_freeze_window(window: FreezeWindow) -> Response:
    """Accept no mass change for a while; dry runs, and work with an `override`, go on"""
    return answer(actions.freeze(db(), asked(), window), 201)


@blueprint.delete("/freeze-windows/<int:id>")
@requires("jobs.limits")
@blueprint.output({}, status_code=204)
def delete_freeze_window(id: int) -> Response:
    """End a freeze"""
    actions.thaw(db(), asked(), id)
    return Response(status=204)
