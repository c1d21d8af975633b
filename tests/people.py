"""Who appears in the tests: Grace the administrator, Ivan an instructor, Sam a student with a
login, Robo a program, and Mallory, who must not get in. Ada is a student of the school."""

from functools import cache

from coreskills.actions.passwords import hash_password
from coreskills.actions.tokens import new_token, token_hash
from coreskills.domain.access import Role
from coreskills.store import access
from coreskills.store.db import Database

GRACE, IVAN, SAM, ROBO, MALLORY = "grace", "ivan", "sam", "robo", "mallory"
PASSWORD = "correct horse battery"
ROLES: dict[str, Role] = {
    GRACE: "admin",
    IVAN: "instructor",
    SAM: "student",
    ROBO: "service",
}
ADA = {
    "student_id": "S2028001",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "grade_level": 11,
    "graduation_year": 2028,
}
JEAN = {
    "employee_id": "E1001",
    "first_name": "Jean",
    "last_name": "Bartik",
    "department": "Computing",
    "role": "Teacher",
}


@cache
def _hash() -> str:
    """Of PASSWORD; made once, for it is slow on purpose."""
    return hash_password(PASSWORD)


def tokens_for(db: Database) -> dict[str, str]:
    tokens = {name: new_token() for name in ROLES}
    with db.transaction() as conn:
        for name, token in tokens.items():
            id = access.insert_operator(conn, name, ROLES[name], _hash())
            access.insert_api_token(conn, id, "start", token_hash(token), None)
    return tokens | {MALLORY: "cs_" + "0" * 43}
