from apiflask import APIBlueprint
from flask import Response

from coreskills.actions.devices import check_in
from coreskills.api import schemas, schemas_devices
from coreskills.api.answers import PageQuery, answer, page, versioned
from coreskills.api.context import asked, db
from coreskills.api.permissions import requires
from coreskills.domain.facts import CheckIn
from coreskills.domain.policies import Outcome
from coreskills.errors import NotFound
from coreskills.store import compliance, devices, policies

blueprint = APIBlueprint("compliance", __name__, url_prefix="/api/v1", tag="Compliance")


class ResultsQuery(PageQuery):
    outcome: Outcome | None = None


@blueprint.post("/devices/<device_id>/facts")
@requires("devices.write")
@blueprint.input(CheckIn, arg_name="body")
@blueprint.output(schemas.Device)
def post_facts(device_id: str, body: CheckIn) -> Response:
    """A device checks in: what it says of itself replaces what it said before"""
    return versioned(check_in(db(), asked(), device_id, body.facts))


@blueprint.get("/devices/<device_id>/compliance")
@requires("devices.read")
@blueprint.output(schemas_devices.DeviceCompliance)
def get_compliance(device_id: str) -> Response:
    """What each policy says of a device, why, and until when that is forgiven"""
    with db().reading() as conn:
        device = devices.select_device(conn, device_id)
        if device is None:
            raise NotFound(f"There is no device {device_id}")
        results = compliance.select_results_of_device(conn, device["id"])
    told = {name: device[name] for name in ("device_id", "compliance_status", "last_check_in")}
    return answer(told | {"results": results})


@blueprint.get("/policies/<int:id>/results")
@requires("policies.read")
@blueprint.input(ResultsQuery, location="query", arg_name="query")
@blueprint.output(schemas_devices.ResultsOfPolicy)
def list_results(id: int, query: ResultsQuery) -> Response:
    """What a policy says of each device"""
    with db().reading() as conn:
        if policies.select_policy(conn, id) is None:
            raise NotFound(f"There is no policy {id}")
        return page(
            "results",
            query,
            lambda limit: compliance.select_results_of_policy(
                conn, id, outcome=query.outcome, after=query.after(), limit=limit
            ),
        )


@blueprint.get("/compliance")
@requires("policies.read")
@blueprint.input(PageQuery, location="query", arg_name="query")
@blueprint.output(schemas_devices.Compliance)
def list_counts(query: PageQuery) -> Response:
    """How many devices pass and fail each policy; those without a rule count nobody"""
    with db().reading() as conn:
        return page(
            "policies",
            query,
            lambda limit: compliance.select_stats(conn, after=query.after(), limit=limit),
        )
