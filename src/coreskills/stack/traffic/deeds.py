"""What somebody in a class does: each deed is one request, and knows what it should be answered."""

import json
import random
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from coreskills.errors import StackFailed
from coreskills.stack.client import ENDED, Client, Refused

Row = dict[str, Any]
PREFIX = "TRAFFIC-"  # of the id of every student who was invented here
MOST = 500  # students of one run; after that, those who are there are enrolled again
FIRST = ("Ana", "Ben", "Chloé", "Dmitri", "Emre", "Fatou", "Grace", "Hiro", "Inés", "Jorge")
LAST = (
    "Adeyemi",
    "Brandt",
    "Cruz",
    "Dubois",
    "Evans",
    "Fischer",
    "García",
    "Huang",
    "Ito",
    "Jones",
)
PLACES = ("users", "students", "devices", "policies", "jobs", "audit", "staff", "groups")


@dataclass(frozen=True)
class Reply:
    """`status` 0: no answer. `ended`: the state of the job that was asked for, if it has ended."""

    status: int
    body: Row
    ended: str = ""


class School:
    """What the class knows in common: whom it enrolled, and which jobs it waits for."""

    def __init__(self, api: Client, chance: random.Random | None = None) -> None:
        self.enrolled: list[str] = []
        self.waiting: deque[int] = deque()
        self.chance = chance or random.Random()
        self._api = api
        self._nobody = replace(api, token="csk_of_nobody")
        self.run = f"{PREFIX}{secrets.token_hex(2)}"  # with which the ids of this run begin
        self._posted: deque[Row] = deque(maxlen=20)
        self._ids: deque[int] = deque(maxlen=20)
        self._lock = threading.Lock()

    def browse(self) -> Reply:
        return self._ask("GET", self.chance.choice(PLACES), limit=self.chance.choice((5, 25, 100)))

    def look(self) -> Reply:
        """At a student of this class; its number is needed to do something with it."""
        if not self.enrolled:
            return self.browse()
        reply = self._ask("GET", f"students/{self.chance.choice(self.enrolled)}")
        if reply.status == 200:
            self._ids.append(int(reply.body["id"]))
        return reply

    def enrol(self) -> Reply:
        student = self._invented()
        if student is None:
            return self.enrol_again()
        return self._job("students", student, key=student["student_id"])

    def enrol_again(self) -> Reply:
        """The same request under its key, as when the first answer was lost."""
        student = self._one_posted()
        return (
            self._job("students", student, key=student["student_id"]) if student else self.enrol()
        )

    def twin(self) -> Reply:
        """Somebody who is there, as a new wish: a conflict, or the job that is still open."""
        student = self._one_posted()
        return self._job("students", student) if student else self.mistake()

    def self_test(self) -> Reply:
        return self._job("jobs", {"type": "self_test", "data": {"note": "traffic"}})

    def futile(self) -> Reply:
        """Archives somebody who was not disabled: accepted, and then the job fails."""
        if not self._ids:
            return self.look()
        return self._job(f"users/{self.chance.choice(list(self._ids))}/archive", {})

    def poll(self) -> Reply:
        with self._lock:
            id = self.waiting.popleft() if self.waiting else None
        if id is None:
            return self.browse()
        reply = self._ask("GET", f"jobs/{id}")
        status = reply.body.get("status", "")
        if reply.status == 200 and status in ENDED:
            return replace(reply, ended=status)
        self.waiting.append(id)
        return reply

    def mistake(self) -> Reply:
        wrong = {"student_id": "no id", "first_name": "", "grade_level": 13, "shoe_size": 42}
        return self._ask("POST", "students", body=wrong)

    def lost(self) -> Reply:
        return self._ask("GET", f"students/{PREFIX}nobody")

    def stranger(self) -> Reply:
        return _sent(self._nobody, "GET", "/api/v1/users", {})

    def guess(self) -> Reply:
        """A password for a name that nobody has; after some of them it is barred for a while."""
        body = {"username": "traffic-nobody", "password": secrets.token_hex(8)}
        return self._ask("POST", "auth/login", body=body)

    def _invented(self) -> Row | None:
        """None: there are enough."""
        with self._lock:
            number = len(self.enrolled) + 1
            if number > MOST:
                return None
            student = self._student(number)
            self.enrolled.append(student["student_id"])
            self._posted.append(student)
            return student

    def _student(self, number: int) -> Row:
        grade = self.chance.randint(9, 12)
        return {
            "student_id": f"{self.run}-{number:04d}",
            "first_name": self.chance.choice(FIRST),
            "last_name": self.chance.choice(LAST),
            "grade_level": grade,
            "graduation_year": 2039 - grade,
        }

    def _one_posted(self) -> Row | None:
        with self._lock:
            return self.chance.choice(list(self._posted)) if self._posted else None

    def _job(self, path: str, body: Row, key: str = "") -> Reply:
        headers = {"Idempotency-Key": key} if key else {}
        reply = self._ask("POST", path, body=body, headers=headers)
        if reply.status == 202:
            self.waiting.append(int(reply.body["job_id"]))
        return reply

    def _ask(
        self,
        method: str,
        path: str,
        *,
        body: Row | None = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Reply:
        return _sent(self._api, method, f"/api/v1/{path}", headers or {}, body, query)


def _sent(
    api: Client,
    method: str,
    path: str,
    headers: dict[str, str],
    body: Row | None = None,
    query: Row | None = None,
) -> Reply:
    text = None if body is None else json.dumps(body).encode()
    try:
        answer = api.send(method, path, query=query, body=text, headers=headers)
    except Refused as exc:
        return Reply(exc.status, {})
    except StackFailed:
        return Reply(0, {})
    return Reply(answer.status, answer.json())


@dataclass(frozen=True)
class Deed:
    do: Callable[[School], Reply]
    expects: frozenset[int]


def _deed(do: Callable[[School], Reply], *expects: int) -> Deed:
    return Deed(do, frozenset(expects))


DEEDS = {
    "browse": _deed(School.browse, 200),
    "look": _deed(School.look, 200, 404),  # its job may not have been done yet
    "enrol": _deed(School.enrol, 202),
    "enrol again": _deed(School.enrol_again, 202),
    "twin": _deed(School.twin, 409, 202, 422),
    "self test": _deed(School.self_test, 202),
    "poll": _deed(School.poll, 200),
    "futile": _deed(School.futile, 202, 200, 404, 409),
    "mistake": _deed(School.mistake, 422),
    "lost": _deed(School.lost, 404),
    "stranger": _deed(School.stranger, 401),
    "guess": _deed(School.guess, 401, 429),
}
