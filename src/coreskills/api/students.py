from apiflask import APIBlueprint
from flask import Response

from coreskills.api import schemas
from coreskills.api.accounts import take_in
from coreskills.api.answers import PageQuery, Row, versioned
from coreskills.api.context import db
from coreskills.api.headers import IDEMPOTENCY_KEY, takes
from coreskills.api.listings import Listing
from coreskills.api.permissions import requires
from coreskills.domain.accounts import NewStudent
from coreskills.domain.people import Grade
from coreskills.errors import NotFound
from coreskills.store import users
from coreskills.store.db import Connection

blueprint = APIBlueprint("students", __name__, url_prefix="/api/v1", tag="People")


class StudentsQuery(PageQuery):
    grade_level: Grade | None = None


def _select(conn: Connection, query: StudentsQuery, limit: int) -> list[Row]:
    grade = query.grade_level
    return users.select_students(conn, grade_level=grade, after=query.after(), limit=limit)


LISTING = Listing("students", "/api/v1/students", "people.read", StudentsQuery, _select)


@blueprint.get("/students")
@requires(LISTING.permission)
@blueprint.input(StudentsQuery, location="query", arg_name="query")
@blueprint.output(schemas.StudentList)
def list_students(query: StudentsQuery) -> Response:
    """Students, oldest first"""
    return LISTING.answer(query)


@blueprint.get("/students/<student_id>")
@requires("people.read")
@blueprint.output(schemas.User)
def get_student(student_id: str) -> Response:
    """One student, by the school's id"""
    with db().reading() as conn:
        id = users.select_user_id(conn, "student", student_id)
        if id is None:
            raise NotFound(f"There is no student {student_id}")
        return versioned(users.select_user(conn, id))


@blueprint.post("/students")
@requires("people.write")
@takes(IDEMPOTENCY_KEY)
@blueprint.input(NewStudent, arg_name="student")
@blueprint.output(schemas.Accepted, status_code=202)
def post_student(student: NewStudent) -> Response:
    """Create a student's account by a job"""
    return take_in("create_student", "student", student)


@blueprint.post("/users/student")
@requires("people.write")
@takes(IDEMPOTENCY_KEY)
@blueprint.input(NewStudent, arg_name="student")
@blueprint.output(schemas.Accepted, status_code=202)
def post_user_student(student: NewStudent) -> Response:
    """The same, at the address the first version had"""
    return take_in("create_student", "student", student)
