"""Takes the invented students out again: disabled, archived and purged, each by a job.

After that nobody can tell any more that they were there; the trail keeps what was done to them.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any

from coreskills.errors import StackFailed
from coreskills.stack.client import Client, Refused
from coreskills.stack.traffic.deeds import PREFIX

Row = dict[str, Any]
WHY = "invented by coreskills traffic"
STEPS = ("disable", "archive", "purge")
DONE = {"disabled": 1, "archived": 2}  # steps, of who was left behind in that state
PATIENCE = 120.0  # seconds for one step of all


def invented(api: Client, run: str = PREFIX) -> list[Row]:
    """Whom a run has invented, or any run, and who is still there."""
    return [
        row
        for row in api.pages("/api/v1/students", "students")
        if row["student_id"].startswith(run)
    ]


def remove(api: Client, people: Iterable[Row], tell: Callable[[str], None]) -> tuple[int, int]:
    """How many are gone, and how many are left: on legal hold, with a device, ..."""
    here = [row | {"done": _steps_done(api, row)} for row in people]
    left = len(here)
    for step, act in enumerate(STEPS):
        concerned = [row for row in here if row["done"] <= step]
        stuck = _carry_out(api, act, concerned)
        here = [row for row in here if row["id"] not in stuck]
        if concerned:
            tell(f"{act}: {len(concerned) - len(stuck)} of {len(concerned)} invented students")
    return len(here), left - len(here)


def _steps_done(api: Client, person: Row) -> int:
    """Lists tell who is active; why somebody is not, only the person's own page."""
    if person["is_active"]:
        return 0
    return DONE.get(api.get(f"/api/v1/users/{person['id']}")["state"], 0)


def _carry_out(api: Client, act: str, people: list[Row]) -> set[int]:
    """The ids of those for whom it could not be done."""
    jobs, stuck = {}, set()
    for row in people:
        try:
            asked = api.post(f"/api/v1/users/{row['id']}/{act}", {"why": WHY})
            jobs[row["id"]] = int(asked["job_id"])
        except Refused:
            stuck.add(row["id"])
    deadline = time.monotonic() + PATIENCE
    for id, job in jobs.items():
        try:
            done = api.wait_for_job(job, max(1.0, deadline - time.monotonic()))
        except (Refused, StackFailed):
            stuck.add(id)
            continue
        if done["status"] != "completed":
            stuck.add(id)
    return stuck
