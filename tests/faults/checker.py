"""Compares the ledger with the database: what was promised, and what became of it."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from coreskills.config import Settings
from coreskills.domain.naming import staff_unit, student_unit, username_stem
from coreskills.domain.people import Person, Staff, Student
from tests.faults import ledger
from tests.faults.findings import Ask, Findings, Row, find
from tests.faults.ledger import Promise
from tests.faults.verdict import Verdict
from tests.faults.work import rows as rows_of

ENDED = ("completed", "failed", "dead", "cancelled")


def check(ask: Ask, path: Path, *, poison: Iterable[int] = ()) -> Verdict:
    """Call it when nothing is under way any more: what has not ended then is stuck.

    `poison`: jobs that kill their worker, which must be dead.
    """
    promises = ledger.read(path)
    found = find(ask)
    verdict = Verdict()
    poisonous = set(poison)
    for promise in promises.values():
        _keep(promise, found, verdict)
    for id, job in found.jobs.items():
        _healthy(id, job, verdict, id in poisonous)
    for id in poisonous:
        _buried(id, found, verdict)
    _each_user_once(found, verdict)
    _each_work_once(found, verdict)
    _attempts(found, verdict)
    verdict.accepted = sum(1 for promise in promises.values() if promise.job_ids)
    verdict.completed = sum(1 for job in found.jobs.values() if job["status"] == "completed")
    verdict.facts["never acknowledged"] = len(promises) - verdict.accepted
    return verdict


def _keep(promise: Promise, found: Findings, verdict: Verdict) -> None:
    """One key: exactly one job, which did exactly what was asked, once."""
    ids = promise.job_ids | set(found.keys.get(promise.key, ()))
    if len(ids) > 1:
        verdict.add("double", f"{promise.key} is the jobs {sorted(ids)}")
    if not promise.job_ids:
        return  # nothing was promised; what there is of it is checked as every job is
    id = min(promise.job_ids)
    job = found.jobs.get(id)
    if job is None:
        verdict.add("lost", f"{promise.key}: job {id} does not exist")
    elif job["status"] == "cancelled":
        _undone(promise, id, found, verdict)
    elif job["status"] == "completed":
        _done(promise, job, found, verdict)
    elif job["status"] in ENDED:
        why = f"{job['status']}, {job['error_code']}: {job['error_message']}"
        verdict.add("lost", f"{promise.key}: job {id} is {why}")


def _undone(promise: Promise, id: int, found: Findings, verdict: Verdict) -> None:
    """Only who asked for it may find a job cancelled, and then it must have had no effect."""
    if not promise.cancel:
        verdict.add("lost", f"{promise.key}: job {id} was cancelled by nobody")
    key = isinstance(promise.body, dict) and promise.body.get("student_id")
    if key and found.users.get(key):
        verdict.add("wrong", f"{promise.key}: job {id} is cancelled, and yet {key} exists")


def _done(promise: Promise, job: Row, found: Findings, verdict: Verdict) -> None:
    if promise.cancel == "promised":
        verdict.add("wrong", f"{promise.key}: job {job['id']} completed although it was cancelled")
    if promise.kind == "student":
        _person(Student.model_validate(promise.body), job, found, verdict)
    elif promise.kind == "staff":
        _person(Staff.model_validate(promise.body), job, found, verdict)
    elif promise.kind == "import":
        _roster(promise, job, found, verdict)
    elif job["parameters"] != promise.body["data"] or job["result"].get("Exists") is not False:
        verdict.add("wrong", f"{promise.key}: job {job['id']} has the result {job['result']}")


def _person(person: Person, job: Row, found: Findings, verdict: Verdict) -> None:
    user = _only_user(person, job, found, verdict)
    if user is None:
        return
    result = job["result"]
    told = {name: result.get(name) for name in ("Username", "Email", "OU", "Created")}
    stored = {"Username": user["username"], "Email": user["email"], "OU": user["ou"]}
    if told != stored | {"Created": True}:
        verdict.add("wrong", f"job {job['id']} says {told}, the directory says {stored}")
    _account(person, user, job, verdict)
    created = [row for row in found.trail[job["id"]] if row["action"].endswith(".created")]
    if [row["user_id"] for row in created] != [user["id"]]:
        verdict.add("trail", f"job {job['id']} has the creations {created}")


def _only_user(person: Person, job: Row, found: Findings, verdict: Verdict) -> Row | None:
    users = found.users.get(person.key, [])
    if not users:
        verdict.add("lost", f"job {job['id']} is completed, and {person.key} does not exist")
    elif len(users) > 1:
        verdict.add("double", f"{person.key} is {len(users)} users")
    return users[0] if len(users) == 1 else None


def _account(person: Person, user: Row, job: Row, verdict: Verdict) -> None:
    """The names follow from the person and nothing else."""
    settings, stem = Settings(), username_stem(person)
    is_student = isinstance(person, Student)
    domain = settings.student_mail_domain if is_student else settings.staff_mail_domain
    suffix = settings.directory_suffix
    wanted = person.model_dump() | {
        "user_type": "student" if is_student else "staff",
        "email": f"{user['username']}@{domain}",
        "ou": student_unit(person.graduation_year, suffix)
        if isinstance(person, Student)
        else staff_unit(person.department, suffix),
    }
    wrong = {name: user[name] for name, value in wanted.items() if user[name] != value}
    token = user["username"].removeprefix(stem)
    if user["username"] == token or not (token == "" or token.isdigit()):
        wrong["username"] = user["username"]
    if wrong:
        verdict.add("wrong", f"job {job['id']}: {person.key} has {wrong}")


def _roster(promise: Promise, job: Row, found: Findings, verdict: Verdict) -> None:
    people = [Student.model_validate(row) for row in rows_of(promise.body)]
    if job["result"]["Counts"].get("created") != len(people):
        verdict.add("wrong", f"{promise.key}: import {job['id']} says {job['result']}")
    for person in people:
        user = _only_user(person, job, found, verdict)
        if user:
            _account(person, user, job, verdict)


def _healthy(id: int, job: Row, verdict: Verdict, poisonous: bool) -> None:
    if job["status"] not in ENDED:
        verdict.add("stuck", f"job {id} ({job['job_type']}) is {job['status']}")
    elif job["status"] == "dead" and not poisonous:
        verdict.add("dead", f"job {id} ({job['job_type']}): {job['error_message']}")


def _buried(id: int, found: Findings, verdict: Verdict) -> None:
    job = found.jobs.get(id)
    if job is None or job["status"] != "dead":
        verdict.add("poison", f"job {id} is {job['status'] if job else 'not there'}")


def _each_user_once(found: Findings, verdict: Verdict) -> None:
    """Every account says once how it came to be."""
    for key, users in found.users.items():
        for user in users:
            times = found.made[user["id"]]
            if times > 1:
                verdict.add("double", f"{key} was created {times} times")
            elif times == 0:
                verdict.add("trail", f"nobody created {key}")


def _each_work_once(found: Findings, verdict: Verdict) -> None:
    """One job for one person; and of every job, how it began and how it ended."""
    work: Counter[tuple[str, str]] = Counter()
    for id, job in found.jobs.items():
        parameters = job["parameters"]
        key = parameters.get("student_id") or parameters.get("employee_id")
        if key and job["job_type"].startswith("create_"):
            work[job["job_type"], key] += 1
        _trail(id, job, found.trail.get(id, []), verdict)
    for (job_type, key), times in work.items():
        if times > 1:
            verdict.add("double", f"{times} jobs of {job_type} for {key}")


def _trail(id: int, job: Row, trail: list[Row], verdict: Verdict) -> None:
    """Requested first, unless a schedule or the laboratory did it; then one outcome."""
    actions = [row["action"] for row in trail]
    expected = _expected(job, actions)
    if actions != expected and job["status"] in ENDED:
        verdict.add("trail", f"job {id} ({job['status']}) has {actions}, not {expected}")


def _attempts(found: Findings, verdict: Verdict) -> None:
    for attempt in found.attempts:
        job = found.jobs[attempt["job_id"]]
        if job["status"] != "running":
            what = f"job {attempt['job_id']} is {job['status']}, its attempt {attempt['attempt']}"
            verdict.add("trail", f"{what} has no end")


def _expected(job: Row, actions: list[str]) -> list[str]:
    kind, status = job["job_type"], job["status"]
    asked = job["requested_by"].partition(":")[0] not in ("schedule", "lab")
    begin = [f"{kind}.requested"] if asked else []
    if status == "cancelled":
        return [*begin, "job.cancelled"]
    if status in ("failed", "dead"):
        return [*begin, f"{kind}.{'failed' if status == 'failed' else 'died'}"]
    if kind == "import_users":
        return [
            *begin,
            *["student.created"] * (job["result"] or {"Counts": {}})["Counts"].get("created", 0),
        ]
    if kind.startswith("create_") and (job["result"] or {}).get("Created"):
        return [*begin, f"{kind.removeprefix('create_')}.created"]
    return begin
