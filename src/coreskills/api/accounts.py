"""What routes that hand in a job about a person have in common."""

from typing import Any

from flask import Response
from pydantic import BaseModel

from coreskills.actions.jobs import Work, submit
from coreskills.actions.request import Request
from coreskills.api.answers import accepted
from coreskills.api.context import asked, db, services
from coreskills.api.headers import idempotency_key
from coreskills.domain.accounts import NewStaff, NewStudent
from coreskills.errors import Conflict
from coreskills.store import jobs, users


def handed_in(job_type: str, wanted: BaseModel, **more: Any) -> Response:
    """202: the job is queued. `more` are parameters beside those that the caller gave."""
    work = Work(job_type, more | wanted.model_dump(exclude_none=True))
    done = submit(db(), services().queue, asked(idempotency_key()), work)
    return accepted(done.job_id, done.status)


def take_in(job_type: str, kind: str, person: NewStudent | NewStaff) -> Response:
    """202, or 409 when there is such a person, or a job for one. Repeats of a key get theirs."""
    request = asked(idempotency_key())
    _refuse_known(kind, person, request)
    work = Work(job_type, person.model_dump(exclude_defaults=True))
    done = submit(db(), services().queue, request, work)
    return accepted(done.job_id, done.status)


def _refuse_known(kind: str, person: NewStudent | NewStaff, request: Request) -> None:
    """The key is looked up last: whoever made the person had committed the key before, so a repeat
    that arrives while the first request is still at work is not told that it was beaten."""
    with db().reading() as conn:
        id = users.select_user_id(conn, kind, person.key)
        key = request.idempotency_key
        if id is None or (key and jobs.select_key(conn, request.actor, key)):
            return
        user = users.select_user(conn, id)
        if person.revive and user["state"] in ("disabled", "archived"):
            return
    raise Conflict(
        f"{person.key} is user {id} already; change that one instead",
        code="duplicate_person",
        user_id=id,
    )
