"""A small HTTP client for our own API: what the CLI and the proof of a start speak through."""

import http.client
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from coreskills.errors import AppError, Fault, StackFailed

Row = dict[str, Any]
Headers = dict[str, str]
ENDED = ("completed", "failed", "dead", "cancelled")
SETTLED = (*ENDED, "suspended")  # waits for a person, so nobody need wait for it


class Refused(AppError):
    """The API answered with a problem; `status` is HTTP's."""

    code = "refused"

    def __init__(self, status: int, problem: Row) -> None:
        super().__init__(problem.get("detail") or f"HTTP {status}", status=status)
        self.status = status
        self.code = problem.get("code", "refused")
        self.faults = [Fault(**fault) for fault in problem.get("errors") or []]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Row:
        found: Row = json.loads(self.body or b"{}")
        return found


@dataclass(frozen=True)
class Client:
    base: str
    token: str | None = None
    timeout: float = 30.0
    whose: str = "The API"

    def get(self, path: str, **query: Any) -> Row:
        return self.send("GET", path, query=query).json()

    def post(self, path: str, body: Row | None = None, headers: Headers | None = None) -> Row:
        sent = json.dumps(body or {}).encode()
        return self.send("POST", path, body=sent, headers=headers).json()

    def put(self, path: str, body: Row) -> Row:
        return self.send("PUT", path, body=json.dumps(body).encode()).json()

    def delete(self, path: str) -> Row:
        return self.send("DELETE", path).json()

    def pages(self, path: str, name: str, **query: Any) -> Iterator[Row]:
        """Every row of a list, however many pages it has."""
        while True:
            found = self.get(path, limit=200, **query)
            yield from found[name]
            if "next" not in found:
                return
            query["cursor"] = found["next"]

    def wait_for_job(
        self, job_id: int, seconds: float, on_progress: Callable[[Row], None] | None = None
    ) -> Row:
        """The job when it has ended, or is suspended. Raises StackFailed when not in time.

        An API that is unavailable meanwhile is asked again: the job is safe. `on_progress` is told
        each report of the worker's that is another than the last one seen.
        """
        deadline, pause, status, told = time.monotonic() + seconds, 0.005, "unknown", None
        while True:
            try:
                job = self.get(f"/api/v1/jobs/{job_id}")
            except Refused as exc:
                if exc.status != 503:
                    raise
            else:
                if on_progress and job["progress"] and job["progress"] != told:
                    told = job["progress"]
                    on_progress(told)
                if job["status"] in SETTLED:
                    return job
                status = job["status"]
            if time.monotonic() > deadline:
                raise _late(job_id, status, seconds)
            time.sleep(pause)
            pause = min(0.25, pause * 1.5)

    def wait_until_well(self, seconds: float = 20.0, in_a_row: int = 20) -> None:
        """After the database was replaced, each process must first find its connections dead."""
        deadline, well = time.monotonic() + seconds, 0
        while well < in_a_row:
            try:
                self.get("/api/v1/auth/me")
                well += 1
            except Refused as exc:
                if exc.status != 503 or time.monotonic() > deadline:
                    raise
                well = 0
                time.sleep(0.1)

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Row | None = None,
        body: bytes | Iterable[bytes] | None = None,
        headers: Headers | None = None,
    ) -> Answer:
        """Raises Refused for 4xx and 5xx, StackFailed when nobody answers."""
        where = urlsplit(self.base)
        wanted = {k: v for k, v in (query or {}).items() if v is not None}
        target = path + ("?" + urlencode(wanted) if wanted else "")
        sent = {"Content-Type": "application/json"} if body is not None else {}
        sent |= headers or {}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        connection = http.client.HTTPConnection(
            where.hostname or "127.0.0.1", where.port or 80, timeout=self.timeout
        )
        try:
            with suppress(BrokenPipeError, ConnectionResetError):
                # A server that refuses early closes before all is sent; it has answered, though.
                connection.request(method, target, body=body, headers=sent)
            response = connection.getresponse()
            answer = Answer(response.status, dict(response.getheaders()), response.read())
        except (OSError, http.client.HTTPException) as exc:
            raise StackFailed(
                f"{self.whose} at {self.base} does not answer: {exc}",
                check="api.answers",
                fix="coreskills status, then coreskills start",
                exit_code=3,
            ) from exc
        finally:
            connection.close()
        if answer.status >= 400:
            raise _refusal(answer)
        return answer


def _late(job_id: int, status: str, seconds: float) -> StackFailed:
    """A job that runs will end; one that nobody takes is a matter of the workers."""
    return StackFailed(
        f"Job {job_id} is still {status} after {seconds:.0f} s; nothing has stopped it",
        check="jobs.round_trip",
        fix=f"coreskills jobs show {job_id}" if status == "running" else "coreskills logs worker",
        exit_code=6,
    )


def _refusal(answer: Answer) -> AppError:
    try:
        problem = answer.json()
    except json.JSONDecodeError:
        problem = {}
    return Refused(answer.status, problem)
