"""What the load asks for. Everything follows from a number, so a run can be repeated."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
GIVEN = ("Ada", "Alan", "Grace", "Edsger", "Zoë", "Åsa", "José", "Anne-Marie")
FAMILY = ("Lovelace", "Turing", "Hopper", "O'Neill", "Nuñez", "Li", "van der Berg", "Liskov")
DEPARTMENTS = ("Science", "Music", "Languages, Modern", "Facilities")
ROSTER = "StudentID,FirstName,LastName,GradeLevel,GraduationYear"
ROWS = 8


@dataclass(frozen=True)
class Demand:
    """One request that makes work; `body` is what it is about."""

    kind: str
    path: str
    body: Any
    content_type: str = "application/json"


def demand(seed: int, number: int) -> Demand:
    """The request of this number."""
    draw = random.Random(f"{seed}/{number}")
    (make,) = draw.choices(list(MIX), list(MIX.values()))
    return make(draw, number)


def student(draw: random.Random, number: int) -> Row:
    """Names repeat and so do the last four digits: usernames collide, and workers race for them."""
    grade = draw.randint(9, 12)
    return {
        "student_id": f"S{number % 97 + 100}{number:06d}{draw.randint(0, 199):04d}",
        "first_name": draw.choice(GIVEN),
        "last_name": draw.choice(FAMILY),
        "grade_level": grade,
        "graduation_year": 2039 - grade,
    }


def _student(draw: random.Random, number: int) -> Demand:
    return Demand("student", "/api/v1/users/student", student(draw, number))


def _staff(draw: random.Random, number: int) -> Demand:
    body = {
        "employee_id": f"E{number:07d}",
        "first_name": draw.choice(GIVEN),
        "last_name": f"{_word(number)}-{draw.choice(FAMILY)}",
        "department": draw.choice(DEPARTMENTS),
        "role": "Teacher",
    }
    return Demand("staff", "/api/v1/staff", body)


def _self_test(draw: random.Random, number: int) -> Demand:
    body = {"type": "self_test", "data": {"note": f"number {number}"}}
    return Demand("self_test", "/api/v1/jobs", body)


def _roster(draw: random.Random, number: int) -> Demand:
    people = [student(draw, number * ROWS + row + 1_000_000) for row in range(ROWS)]
    lines = [ROSTER, *(",".join(str(value) for value in person.values()) for person in people)]
    return Demand("import", "/api/v1/imports", "\n".join(lines) + "\n", "text/csv")


def _word(number: int) -> str:
    """Begins a surname of its own, for staff have no digits in their usernames."""
    letters = ""
    while number or not letters:
        number, letter = divmod(number, 26)
        letters += chr(ord("a") + letter)
    return letters


MIX: dict[Callable[[random.Random, int], Demand], int] = {
    _student: 80,
    _staff: 10,
    _self_test: 8,
    _roster: 2,
}


def rows(roster: str) -> list[Row]:
    """The students of a roster that `demand` has made."""
    names = ("student_id", "first_name", "last_name", "grade_level", "graduation_year")
    found = [dict(zip(names, line.split(","), strict=True)) for line in roster.splitlines()[1:]]
    return [
        row | {name: int(row[name]) for name in ("grade_level", "graduation_year")} for row in found
    ]
