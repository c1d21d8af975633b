"""Who appears in the tests: Grace the administrator, Ivan an instructor, Sam a student with a
login, Robo a program, and Mallory, who must not get in. Ada is a student of the school."""

from coreskills.actions.operators import bootstrap_operator
from coreskills.actions.tokens import new_token
from coreskills.domain.access import Role
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


def tokens_for(db: Database) -> dict[str, str]:
    tokens = {name: new_token() for name in ROLES}
    for name, token in tokens.items():
        bootstrap_operator(db, name, ROLES[name], PASSWORD, token)
    return tokens | {MALLORY: "cs_" + "0" * 43}
