"""A school in a test: work is handed in through the API, done by a worker, and looked at in SQL."""

from dataclasses import dataclass
from typing import Any

from coreskills.config import Settings
from coreskills.store.db import Database
from coreskills.worker.context import Context, Outcome
from coreskills.worker.handlers import HANDLERS
from coreskills.worker.loop import Worker
from tests.client import Client
from tests.conftest import Site
from tests.people import ADA
from tests.pipeline import ask, make_due, polling_worker, run_out, trail

Row = dict[str, Any]


@dataclass(frozen=True)
class School:
    site: Site
    client: Client
    worker: Worker

    def work(self) -> None:
        run_out(self.worker)

    def do(self, kind: str, **parameters: Any) -> Row:
        """Run a job to its end, and return it."""
        answer = self.client.post("/api/v1/jobs", json={"type": kind, "data": parameters})
        return self.ended(answer)

    def disturbed(
        self, worker_db: Database, settings: Settings, kind: str, statement: str
    ) -> "School":
        """The same, with a worker for whom something changes once between look and write."""
        left = [statement]

        def handler(context: Context) -> Outcome:
            outcome = HANDLERS[kind](context)
            if left:
                self.ask(left.pop())
            return outcome

        handlers = HANDLERS | {kind: handler}
        worker = polling_worker(worker_db, settings, handlers=handlers)
        return School(self.site, self.client, worker)

    def act(self, path: str, **body: Any) -> Row:
        """POST below /api/v1, and the job that came of it."""
        return self.ended(self.client.post(f"/api/v1/{path}", json=body))

    def ended(self, answer: Any) -> Row:
        assert answer.status_code == 202, answer.text
        self.work()
        make_due(self.site)
        self.work()
        found: Row = self.client.get(answer.headers["Location"]).json
        return found

    def rows(self, job: Row) -> list[Row]:
        found: list[Row] = self.client.get(f"/api/v1/jobs/{job['id']}/rows?limit=200").json["rows"]
        return found

    def trail(self, job: Row) -> list[str]:
        return trail(self.site, job["id"])

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        return ask(self.site, statement)

    def one(self, statement: str) -> Any:
        ((found,),) = self.ask(statement)
        return found

    def pupil(self, student_id: str = ADA["student_id"], **changes: Any) -> int:
        """An account, made the ordinary way; its number."""
        done = self.do("create_student", **(ADA | {"student_id": student_id} | changes))
        assert done["status"] == "completed", done
        return int(self.one(f"SELECT id FROM users WHERE student_id = '{student_id}'"))

    def pupils(self, count: int, school_id: int | None = None, *, grade: int = 11) -> None:
        """Many at once, by SQL: G11S1X1 and so on, of the class that fits the grade in 2027."""
        year = 2027 + 12 - grade
        org, name = school_id or "NULL", f"'g{grade}s{school_id or 0}x' || n"
        self.ask(
            "INSERT INTO users (user_type, student_id, first_name, last_name, username,"
            " username_stem, email, ou, grade_level, graduation_year, school_id)"
            f" SELECT 'student', upper({name}), 'A', 'B', {name}, {name},"
            f" {name} || '@students.coreskills.example',"
            f" 'OU=Class of {year},OU=Students,DC=coreskills,DC=example', {grade}, {year}, {org}"
            f" FROM generate_series(1, {count}) AS n"
        )

    def founded(self, name: str, **more: Any) -> int:
        body = {"sourced_id": name.lower(), "name": name} | more
        answer = self.client.post("/api/v1/schools", json=body)
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])

    def days_pass(self, days: int) -> None:
        answer = self.client.post("/api/v1/lifecycle/clock", json={"days": days})
        assert answer.status_code == 200
        self.do("lifecycle_tick")
