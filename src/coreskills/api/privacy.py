from apiflask import APIBlueprint
from flask import Response

from coreskills.actions import privacy as actions
from coreskills.api import schemas
from coreskills.api import schemas_privacy as answers
from coreskills.api.accounts import handed_in
from coreskills.api.answers import PageQuery, answer, page
from coreskills.api.context import asked, db
from coreskills.api.headers import IDEMPOTENCY_KEY, takes
from coreskills.api.permissions import requires
from coreskills.domain.privacy import ExportRequest, LegalHold, RetentionChange
from coreskills.store import lifecycle, privacy, retention, users

blueprint = APIBlueprint("privacy", __name__, url_prefix="/api/v1", tag="Privacy")


@blueprint.get("/users/<int:id>/disclosures")
@requires("privacy.read")
@blueprint.input(PageQuery, location="query", arg_name="query")
@blueprint.output(answers.DisclosureList)
def list_disclosures(id: int, query: PageQuery) -> Response:
    """Who was given data about this person, when and what for; newest first"""
    _refuse_unknown(id)
    with db().reading() as conn:
        return page(
            "disclosures",
            query,
            lambda limit: privacy.select_disclosures(
                conn, user_id=id, before=query.before(), limit=limit
            ),
        )


@blueprint.post("/users/<int:id>/export")
@requires("privacy.write")
@takes(IDEMPOTENCY_KEY)
@blueprint.input(ExportRequest, arg_name="wanted")
@blueprint.output(schemas.Accepted, status_code=202)
def post_export(id: int, wanted: ExportRequest) -> Response:
    """Gather all that is known about a person; the result says where to collect it"""
    _refuse_unknown(id)
    return handed_in("export_person", wanted, user_id=id)


@blueprint.post("/exports/<int:id>/collect")
@requires("privacy.write")
@blueprint.output(answers.Record)
def collect_export(id: int) -> Response:
    """Collect what the job gathered; it is there once"""
    return answer(actions.collect(db(), asked(), id))


@blueprint.put("/users/<int:id>/legal-hold")
@requires("privacy.write")
@blueprint.input(LegalHold, arg_name="wanted")
@blueprint.output(answers.Hold)
def put_legal_hold(id: int, wanted: LegalHold) -> Response:
    """Keep all about this person, whatever the rules say; or let them apply again"""
    return answer(actions.hold(db(), asked(), id, wanted))


@blueprint.get("/retention")
@requires("retention.read")
@blueprint.output(answers.Retention)
def get_retention() -> Response:
    """The written policy: what is kept how long, what for, and what happens then"""
    with db().reading() as conn:
        rules, steps = retention.select_rules(conn), lifecycle.select_steps(conn)
    accounts = [step for step in steps if step["event"] == "left"]
    return answer({"rules": rules, "accounts": accounts})


@blueprint.patch("/retention/<entity>")
@requires("privacy.write")
@blueprint.input(RetentionChange, arg_name="change")
@blueprint.output(answers.RetentionRule)
def patch_retention(entity: str, change: RetentionChange) -> Response:
    """Keep something longer or shorter, within its bounds"""
    return answer(actions.change_rule(db(), asked(), entity, change))


def _refuse_unknown(id: int) -> None:
    with db().reading() as conn:
        users.select_user(conn, id)
