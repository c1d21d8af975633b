"""Tests of the running API from outside: the six of the original's test_api.py, and more."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import typer

from coreskills.cli.terminal import HomeOption, JsonOption, client, put, put_json
from coreskills.errors import AppError
from coreskills.stack.client import Client, Refused

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@dataclass(frozen=True)
class Test:
    title: str
    passed: bool
    saw: str
    milliseconds: float


@app.command()
def smoke(home: HomeOption = None, json: JsonOption = False) -> None:
    """Test the running API from outside. Makes one student and disables it again."""
    results = run(client(home), (lambda _: None) if json else _show)
    failed = sum(not result.passed for result in results)
    if json:
        put_json({"tests": [vars(r) for r in results], "failed": failed, "total": len(results)})
    else:
        put(f"\n{len(results) - failed} of {len(results)} tests passed")
    if failed:
        raise typer.Exit(1)


def run(api: Client, show: Callable[[Test], None]) -> list[Test]:
    key = f"T{secrets.token_hex(4)}"
    student = {
        "student_id": key,
        "first_name": "Test",
        "last_name": "Student",
        "grade_level": 10,
        "graduation_year": 2029,
    }
    tests: list[tuple[str, Callable[[], str]]] = [
        ("GET /health", lambda: _health(api)),
        ("GET /api/v1/users", lambda: f"{len(api.get('/api/v1/users')['users'])} users"),
        ("POST /api/v1/users/student", lambda: _create(api, student)),
        ("GET /api/v1/jobs/{id}", lambda: _job(api)),
        ("GET /api/v1/devices", lambda: f"{len(api.get('/api/v1/devices')['devices'])} devices"),
        ("GET /metrics", lambda: _metrics(api)),
        (
            "GET /api/v1/policies",
            lambda: f"{len(api.get('/api/v1/policies')['policies'])} policies",
        ),
        ("The new student can be read back", lambda: _read_back(api, key)),
        ("The same student again is refused", lambda: _refused(api, student, 409)),
        ("A wrong grade is refused", lambda: _refused(api, student | {"grade_level": 13}, 422)),
        ("A stranger is refused", lambda: _stranger(api)),
        ("The audit trail knows of it", lambda: _audited(api, key)),
        ("The student's account is disabled", lambda: _disabled(api, key)),
    ]
    results = []
    for title, ask in tests:
        results.append(_ask(title, ask))
        show(results[-1])
    return results


class Unexpected(Exception):
    """The API answered, but not what it should have."""


def _ask(title: str, ask: Callable[[], str]) -> Test:
    began = time.perf_counter()
    try:
        passed, saw = True, ask()
    except AppError as exc:
        passed, saw = False, exc.message
    except (Unexpected, KeyError, IndexError) as exc:
        passed, saw = False, f"{type(exc).__name__}: {exc}"
    return Test(title, passed, saw, round((time.perf_counter() - began) * 1000, 1))


def _show(test: Test) -> None:
    put(
        f"{'ok    ' if test.passed else 'FAILED'}  {test.title:<36} {test.saw}  "
        f"({test.milliseconds} ms)"
    )


def _expect(found: Any, wanted: Any) -> str:
    if found != wanted:
        raise Unexpected(f"{found!r}, expected {wanted!r}")
    return str(found)


def _health(api: Client) -> str:
    status = str(api.get("/health")["status"])
    if status not in ("healthy", "degraded"):
        raise Unexpected(status)
    return status


def _create(api: Client, student: dict[str, Any]) -> str:
    posted = api.post("/api/v1/users/student", student)
    job = api.wait_for_job(posted["job_id"], 20)
    _expect(job["status"], "completed")
    return f"job {posted['job_id']} made {job['result']['Username']}"


def _job(api: Client) -> str:
    newest = api.get("/api/v1/jobs", limit=1)["jobs"][0]
    job = api.get(f"/api/v1/jobs/{newest['id']}")
    return f"{job['type']}, {job['status']}, {len(job['attempts'])} attempt"


def _metrics(api: Client) -> str:
    text = api.send("GET", "/metrics").body.decode()
    if "flask_http_request_total" not in text:
        raise Unexpected("flask_http_request_total is missing")
    return f"{len(text.splitlines())} lines"


def _read_back(api: Client, key: str) -> str:
    return str(api.get(f"/api/v1/students/{key}")["email"])


def _refused(api: Client, body: dict[str, Any], status: int) -> str:
    try:
        api.post("/api/v1/users/student", body)
    except Refused as exc:
        _expect(exc.status, status)
        return f"{status} {exc.code}"
    raise Unexpected("it was accepted")


def _stranger(api: Client) -> str:
    try:
        replace(api, token=None).get("/api/v1/users")
    except Refused as exc:
        return _expect(exc.status, 401)
    return "not refused: this sandbox is open"


def _audited(api: Client, key: str) -> str:
    user = api.get(f"/api/v1/students/{key}")
    entries = api.get("/api/v1/audit", user_id=user["id"])["audit"]
    return _expect(entries[0]["action"], "student.created")


def _disabled(api: Client, key: str) -> str:
    user = api.get(f"/api/v1/students/{key}")
    job = api.delete(f"/api/v1/users/{user['id']}")
    _expect(api.wait_for_job(job["job_id"], 20)["status"], "completed")
    return _expect(api.get(f"/api/v1/students/{key}")["is_active"], False)
