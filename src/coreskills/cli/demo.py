"""The tour: one real request after the other, each with a sentence on what to look at."""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from coreskills.cli.seed import DATA
from coreskills.cli.terminal import HomeOption, client, put, table
from coreskills.cli.waiting import ended, patience
from coreskills.stack.client import Client, Refused

app = typer.Typer(add_completion=False, rich_markup_mode=None)
PAUSE = 30.0  # seconds to talk after a scene: ten scenes make five minutes
ROSTER = DATA.parent / "rosters" / "riverbend.csv"


@dataclass(frozen=True)
class Scene:
    title: str
    words: str
    play: Callable[[Client], None]


@app.command()
def demo(
    home: HomeOption = None,
    fast: Annotated[bool, typer.Option("--fast", help="Without the pauses")] = False,
    pause: Annotated[float, typer.Option(min=0, help="Seconds to talk after a scene")] = PAUSE,
) -> None:
    """A guided demonstration of five minutes, on the running system. Ctrl-C ends it."""
    api = client(home)
    began = time.monotonic()
    for number, scene in enumerate(SCENES, 1):
        put(f"\n{number} of {len(SCENES)}  {scene.title}\n")
        put(f"{scene.words}\n")
        scene.play(api)
        if not fast and number < len(SCENES):
            time.sleep(pause)
    put(
        f"\nThat was the tour: {len(SCENES)} scenes in {time.monotonic() - began:.0f} s. "
        "Everything you saw is real and still there: coreskills list users, coreskills jobs list"
    )


def _show(value: Any) -> None:
    put(json.dumps(value, indent=2, default=str))


def _services(api: Client) -> None:
    put("GET /health")
    _show(api.get("/health"))


def _people(api: Client) -> None:
    put("GET /api/v1/students?limit=5")
    rows = api.get("/api/v1/students", limit=5)["students"]
    table(rows, ["student_id", "first_name", "last_name", "username", "grade_level"])


def _student(first: str, last: str) -> dict[str, Any]:
    return {
        "student_id": f"D{secrets.token_hex(3)}",
        "first_name": first,
        "last_name": last,
        "grade_level": 9,
        "graduation_year": 2030,
    }


def _create(api: Client) -> None:
    student = _student("Zoë", "O'Brien-Nuñez")
    put("POST /api/v1/users/student")
    _show(student)
    began = time.perf_counter()
    accepted = api.post("/api/v1/users/student", student)
    put(f"\n202 after {(time.perf_counter() - began) * 1000:.0f} ms: {json.dumps(accepted)}")
    job = ended(api, accepted["job_id"], patience("create_student"))
    put(f"{job['status']} after {(time.perf_counter() - began) * 1000:.0f} ms:")
    _show(job["result"])


def _twins(api: Client) -> None:
    for _ in range(2):
        student = _student("Sam", "Lee") | {"student_id": f"D{secrets.token_hex(2)}-4711"}
        accepted = api.post("/api/v1/users/student", student)
        job = ended(api, accepted["job_id"], patience("create_student"))
        put(f"{student['student_id']}  ->  {job['result']['Username']}")


def _mistakes(api: Client) -> None:
    put("POST /api/v1/users/student")
    wrong = {"student_id": "S 1", "first_name": "", "grade_level": 13, "shoe_size": 42}
    _show(wrong)
    try:
        api.post("/api/v1/users/student", wrong)
    except Refused as exc:
        put(f"\n{exc.status} {exc.code}:")
        for fault in exc.faults:
            put(f"  {fault.at:<18} {fault.message}")


def _twice(api: Client) -> None:
    student, key = _student("Iris", "Same"), secrets.token_hex(8)
    put(f"Idempotency-Key: {key}")
    for _ in range(2):
        accepted = api.post("/api/v1/users/student", student, {"Idempotency-Key": key})
        put(f"  -> job {accepted['job_id']}")


def _roster(api: Client) -> None:
    put(f"POST /api/v1/imports?dry_run=true   with {ROSTER.name}")
    try:
        body = ROSTER.read_bytes()
    except OSError as exc:
        put(f"not run: {ROSTER} cannot be read: {exc.strerror}")
        return
    sent = api.send(
        "POST",
        "/api/v1/imports",
        query={"dry_run": "true", "filename": ROSTER.name},
        body=body,
        headers={"Content-Type": "text/csv"},
    )
    job = ended(api, sent.json()["job_id"], patience("import_users"), None)
    _show(job["result"])
    rows = api.get(f"/api/v1/imports/{job['id']}/rows", action="rejected", limit=5)["rows"]
    for row in rows:
        put(f"  line {row['line']}: {row['faults'][0]['at']} {row['faults'][0]['message']}")


def _devices(api: Client) -> None:
    put("GET /api/v1/devices?compliance_status=non_compliant")
    rows = api.get("/api/v1/devices", compliance_status="non_compliant")["devices"]
    table(rows, ["device_id", "device_name", "platform", "os_version", "assigned_user_id"])


def _trail(api: Client) -> None:
    put("GET /api/v1/audit?limit=8")
    table(
        api.get("/api/v1/audit", limit=8)["audit"],
        ["id", "created_at", "actor", "action", "resource_id", "status"],
    )


def _metrics(api: Client) -> None:
    put("GET /metrics   (some lines of it)")
    wanted = ("flask_http_request_total", "coreskills_jobs{", "coreskills_people")
    lines = api.send("GET", "/metrics").body.decode().splitlines()
    for line in [line for line in lines if line.startswith(wanted)][:12]:
        put(f"  {line}")


SCENES = [
    Scene(
        "The parts",
        "An API, a database, a queue and a worker. The API asks the others how they are, and says "
        "how long each took to answer.",
        _services,
    ),
    Scene(
        "A school",
        "These people are rows in PostgreSQL. The API gives them out page by page.",
        _people,
    ),
    Scene(
        "A new student",
        "Nobody waits: the API writes the job down, answers 202, and the worker makes the account. "
        "Look at what becomes of the apostrophe and the accents.",
        _create,
    ),
    Scene(
        "Two of one name",
        "Same initial, same surname, same end of the id: the second gets a number. Two workers at "
        "once could not give the same name away, because the database forbids it.",
        _twins,
    ),
    Scene(
        "Mistakes",
        "A good API names every mistake at once, and does nothing by halves.",
        _mistakes,
    ),
    Scene(
        "Sent twice, done once",
        "A client that got no answer sends again. The key tells the API that it is the same wish.",
        _twice,
    ),
    Scene(
        "A whole district",
        "560 rows with everything that real rosters have. A dry run first: what would happen?",
        _roster,
    ),
    Scene("Devices", "Which devices break the rules, and who has them?", _devices),
    Scene(
        "Who did what",
        "Each change left a line here, in the same transaction. Not even the API may rewrite it.",
        _trail,
    ),
    Scene(
        "Numbers",
        "What monitoring sees. Prometheus would read this every 15 seconds.",
        _metrics,
    ),
]
