from typing import Annotated

import orjson
from apiflask import APIBlueprint
from flask import Response
from pydantic import Field

from coreskills.actions.job_control import approve, cancel, redrive
from coreskills.actions.jobs import Work, submit, submit_many
from coreskills.api import schemas
from coreskills.api.answers import PageQuery, Row, accepted, answer, conditional, page
from coreskills.api.bodies import parsed
from coreskills.api.context import asked, db, principal, services
from coreskills.api.headers import IDEMPOTENCY_KEY, idempotency_key, takes
from coreskills.api.permissions import requires
from coreskills.domain.jobs import ENDED
from coreskills.domain.kinds import KINDS, is_restricted, kind_of
from coreskills.errors import Fault, Forbidden, Invalid, NotFound
from coreskills.store import jobs, plans

REASONS = ("why", "override", "party", "purpose")

blueprint = APIBlueprint("jobs", __name__, url_prefix="/api/v1/jobs", tag="Jobs")


class JobsQuery(PageQuery):
    status: schemas.JobStatus | None = None


class RowsQuery(PageQuery):
    action: Annotated[str, Field(max_length=40)] | None = None


@blueprint.get("")
@requires("jobs.read")
@blueprint.input(JobsQuery, location="query", arg_name="query")
@blueprint.output(schemas.JobList)
def list_jobs(query: JobsQuery) -> Response:
    """Jobs, newest first"""
    with db().reading() as conn:
        if status := query.status:
            return page(
                "jobs",
                query,
                lambda limit: jobs.select_jobs_by_status(
                    conn, status=status, before=query.before(), limit=limit
                ),
            )
        return page(
            "jobs",
            query,
            lambda limit: jobs.select_jobs(conn, before=query.before(), limit=limit),
        )


@blueprint.post("")
@requires("jobs.self_test")
@takes(IDEMPOTENCY_KEY)
@blueprint.input(schemas.NewJob, arg_name="body")
@blueprint.output(schemas.Accepted, status_code=202)
def post_job(body: schemas.NewJob) -> Response:
    """Submit a job by its type; self_test is open to every role"""
    work = _work(body, at="")
    done = submit(db(), services().queue, asked(idempotency_key()), work)
    return accepted(done.job_id, done.status)


@blueprint.post("/batch")
@requires("jobs.self_test")
@takes(IDEMPOTENCY_KEY)
@blueprint.input(schemas.NewJobs, arg_name="body")
@blueprint.output(schemas.AcceptedJobs, status_code=202)
def post_jobs(body: schemas.NewJobs) -> Response:
    """Submit up to 500 jobs, all or none"""
    works, wrong = [], []
    for place, job in enumerate(body.jobs):
        try:
            works.append(_work(job, at=f"/jobs/{place}"))
        except Invalid as exc:
            wrong += exc.faults
    if wrong:
        raise Invalid("Some of the jobs are not valid; none was accepted", wrong)
    done = submit_many(db(), services().queue, asked(idempotency_key()), works)
    jobs = [{"job_id": job.job_id, "status": job.status} for job in done]
    return answer({"jobs": jobs}, 202, Retry_After="1")


@blueprint.get("/<int:id>")
@requires("jobs.read")
@blueprint.output(schemas.Job)
def get_job(id: int) -> Response:
    """One job with its result, its error, and every attempt"""
    with db().reading() as conn:
        row = jobs.select_job(conn, id)
        if row is None:
            raise NotFound(f"There is no job {id}")
        row["job_id"] = row["id"]
        row["attempts"] = jobs.select_attempts(conn, id)
    response = conditional(orjson.dumps(_told(row)))
    if row["status"] not in ENDED:
        response.headers["Retry-After"] = "1"
    return response


@blueprint.get("/<int:id>/rows")
@requires("jobs.read")
@blueprint.input(RowsQuery, location="query", arg_name="query")
@blueprint.output(schemas.JobRows)
def list_rows(id: int, query: RowsQuery) -> Response:
    """What a job did, line by line; of a dry run, or a job that waits for approval, its plan"""
    with db().reading() as conn:
        job = jobs.select_job(conn, id)
        if job is None:
            raise NotFound(f"There is no job {id}")
        if _is_closed(job):
            raise Forbidden(f"The rows of a {job['type']} are not for the role {principal().role}")
        return page(
            "rows",
            query,
            lambda limit: plans.select_rows(
                conn, job_id=id, action=query.action, after=query.after(), limit=limit
            ),
        )


@blueprint.post("/<int:id>/approve")
@requires("jobs.approve")
@blueprint.output(schemas.Accepted, status_code=202)
def approve_job(id: int) -> Response:
    """Agree, as a second person, to so large a change"""
    approve(db(), asked(), id)
    return accepted(id, "queued")


@blueprint.post("/<int:id>/cancel")
@requires("jobs.write")
@blueprint.output(schemas.Job)
def cancel_job(id: int) -> Response:
    """Stop a job for good, also one that is running"""
    cancel(db(), asked(), id)
    return _now(id)


@blueprint.post("/<int:id>/retry")
@requires("jobs.write")
@blueprint.output(schemas.Accepted, status_code=202)
def retry_job(id: int) -> Response:
    """Queue again what failed, died or was cancelled"""
    redrive(db(), asked(), id)
    return accepted(id, "queued")


def _work(job: schemas.NewJob, *, at: str) -> Work:
    """Raises Invalid with pointers below `at`, and Forbidden."""
    kind = KINDS.get(job.type)
    if kind is None or kind.with_file:
        known = sorted(name for name, kind in KINDS.items() if not kind.with_file)
        message = "must be one of " + ", ".join(known)
        raise Invalid("There is no such job", [Fault(f"{at}/type", "unknown_type", message)])
    if job.type != "self_test" and not principal().may("jobs.write"):
        raise Forbidden(f"The role {principal().role} may submit only self_test")
    if not principal().may(kind.permission):
        needed = f"it needs {kind.permission}"
        raise Forbidden(f"The role {principal().role} may not do this; {needed}")
    data = parsed(kind.takes, job.data, at=f"{at}/data/")
    return Work(job.type, data.model_dump(exclude_none=True))


def _told(row: Row) -> Row:
    """A job as this caller may see it: the words in which somebody gave a reason are for who may
    read the trail, and what not everybody may ask for, not everybody is told."""
    if principal().may("audit.read") or row["requested_by"] == asked().actor:
        return row
    if _is_closed(row):
        return row | {"data": {}, "result": None, "error_message": None}
    return row | {"data": {k: v for k, v in row["data"].items() if k not in REASONS}}


def _is_closed(row: Row) -> bool:
    return is_restricted(row["type"]) and not principal().may(kind_of(row["type"]).permission)


def _now(id: int) -> Response:
    with db().reading() as conn:
        row = jobs.select_job(conn, id)
    assert row is not None
    return answer(_told(row))
