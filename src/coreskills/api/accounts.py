"""What creating a student and creating staff have in common."""

from flask import Response

from coreskills.actions.jobs import Work, submit
from coreskills.actions.request import Request
from coreskills.api.answers import accepted
from coreskills.api.context import asked, db, services
from coreskills.api.headers import idempotency_key
from coreskills.domain.people import Person
from coreskills.errors import Conflict
from coreskills.store import jobs, users


def take_in(job_type: str, kind: str, person: Person) -> Response:
    """202, or 409 when there is such a person, or a job for one. Repeats of a key get theirs."""
    request = asked(idempotency_key())
    _refuse_known(kind, person, request)
    work = Work(job_type, person.model_dump())
    done = submit(db(), services().queue, request, work)
    return accepted(done.job_id, done.status)


def _refuse_known(kind: str, person: Person, request: Request) -> None:
    """The key is looked up last: whoever made the person had committed the key before, so a repeat
    that arrives while the first request is still at work is not told that it was beaten."""
    with db().reading() as conn:
        id = users.select_user_id(conn, kind, person.key)
        key = request.idempotency_key
        if id is None or (key and jobs.select_key(conn, request.actor, key)):
            return
    raise Conflict(
        f"{person.key} is user {id} already; change that one instead",
        code="duplicate_person",
        user_id=id,
    )
