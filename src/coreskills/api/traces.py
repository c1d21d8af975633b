from apiflask import APIBlueprint
from flask import Response

from coreskills.api import schemas
from coreskills.api.answers import Row, answer
from coreskills.api.context import db, services
from coreskills.api.permissions import requires
from coreskills.errors import NotFound
from coreskills.store import jobs
from coreskills.telemetry import waterfall
from coreskills.telemetry.trace_files import spans_of_job

blueprint = APIBlueprint("traces", __name__, url_prefix="/api/v1/jobs", tag="Jobs")


@blueprint.get("/<int:id>/trace")
@requires("jobs.read")
@blueprint.output(schemas.JobTrace)
def get_trace(id: int) -> Response:
    """What became of a job, step by step: from its trace, or else from its record"""
    with db().reading() as conn:
        job = jobs.select_job(conn, id)
        if job is None:
            raise NotFound(f"There is no job {id}")
        attempts = jobs.select_attempts(conn, id)
    return answer({"job_id": id, "status": job["status"]} | _told(job, attempts))


def _told(job: Row, attempts: list[Row]) -> Row:
    """Spans come some 0.2 s after what they tell of; `complete` says whether all attempts that have
    ended are told. One whose worker was killed never is."""
    folder = services().settings.traces_dir
    steps = waterfall.steps(spans_of_job(folder, job["id"]), job["id"]) if folder else []
    if not steps:
        steps = waterfall.of_record(job, attempts)
        return {"source": "record", "complete": not folder, "steps": steps}
    ended = {each["attempt"] for each in attempts if each["outcome"] not in (None, "crashed")}
    complete = ended <= waterfall.attempts_told(steps)
    return {"source": "trace", "complete": complete, "steps": steps}
