"""What creating a student and creating staff have in common."""

from flask import Response

from coreskills.actions.jobs import Work, submit
from coreskills.api.answers import accepted
from coreskills.api.context import asked, db, services
from coreskills.api.headers import idempotency_key
from coreskills.domain.people import Person
from coreskills.errors import Conflict
from coreskills.store import jobs, users


def take_in(job_type: str, kind: str, person: Person) -> Response:
    """202, or 409 when there is such a person, or a job for one. Repeats of a key get theirs."""
    request = asked(idempotency_key())
    if request.idempotency_key is None or not _seen(request.actor, request.idempotency_key):
        _refuse_known(kind, person)
    work = Work(job_type, person.model_dump())
    done = submit(db(), services().queue, request, work)
    return accepted(done.job_id, done.status)


def _seen(actor: str, key: str) -> bool:
    with db().reading() as conn:
        return bool(jobs.select_key(conn, actor, key))


def _refuse_known(kind: str, person: Person) -> None:
    with db().reading() as conn:
        id = users.select_user_id(conn, kind, person.key)
    if id:
        raise Conflict(
            f"{person.key} is user {id} already; change that one instead",
            code="duplicate_person",
            user_id=id,
        )
