from apiflask import APIBlueprint
from flask import Response

from coreskills.api import schemas, schemas_people
from coreskills.api.accounts import handed_in
from coreskills.api.answers import PageQuery, page
from coreskills.api.context import db
from coreskills.api.headers import IDEMPOTENCY_KEY, takes
from coreskills.api.permissions import requires
from coreskills.domain.accounts import GraduateCohort, PromoteCohort
from coreskills.store import cohorts

blueprint = APIBlueprint("cohorts", __name__, url_prefix="/api/v1/cohorts", tag="Lifecycle")


@blueprint.get("")
@requires("people.read")
@blueprint.input(PageQuery, location="query", arg_name="query")
@blueprint.output(schemas_people.CohortSteps)
def list_cohort_steps(query: PageQuery) -> Response:
    """Which school has stepped in which year, and by which job"""
    with db().reading() as conn:
        return page(
            "cohorts",
            query,
            lambda limit: cohorts.select_cohort_steps(conn, after=query.after(), limit=limit),
        )


@blueprint.post("/promote")
@requires("cohorts.write")
@takes(IDEMPOTENCY_KEY)
@blueprint.input(PromoteCohort, arg_name="wanted")
@blueprint.output(schemas.Accepted, status_code=202)
def promote_cohort(wanted: PromoteCohort) -> Response:
    """All pupils of a school go to the next grade, once a year; `dry_run` shows who goes where"""
    return handed_in("promote_cohort", wanted)


@blueprint.post("/graduate")
@requires("cohorts.write")
@takes(IDEMPOTENCY_KEY)
@blueprint.input(GraduateCohort, arg_name="wanted")
@blueprint.output(schemas.Accepted, status_code=202)
def graduate_cohort(wanted: GraduateCohort) -> Response:
    """A class leaves: its accounts are disabled, and archived and purged when their time is over"""
    return handed_in("graduate_cohort", wanted)
