"""Names made to collide, by eight workers at once: everybody gets one, nobody gets another's."""

import re
from dataclasses import replace

from tests.pipeline import ask, polling_worker, running, states, until

WORKERS, SAME = 8, 40
# Each of these, with an A in front, folds to the same letters.
TWINS = [
    "O'Brien",
    "O’Brien",
    "OBrien",
    "O-Brien",
    "Ó Brien",
    "o.brien",
    "Òbrïèn",
    "Ōbrıen",
    "O\u200cBrien",
    "Øbrien",
]
ODD = ["王", "Łukasz", "Nuñez", "Straße", "Ng", "Ааа", "Wolfeschlegelsteinhausenbergerdorff"]


def pupils():
    """Ids end in the same four digits, so that only the token can tell their names apart."""
    for number in range(SAME):
        for family in (TWINS[number % len(TWINS)], ODD[number % len(ODD)]):
            yield {
                "student_id": f"{number:03d}{'T' if family in TWINS else 'O'}8001",
                "first_name": ["Ada", "Āda", "'Ada"][number % 3],
                "last_name": family,
                "grade_level": 9 + number % 4,
                "graduation_year": 2027,
            }


def hand_in(client, people):
    jobs = [{"type": "create_student", "data": person} for person in people]
    for start in range(0, len(jobs), 500):
        answer = client.post("/api/v1/jobs/batch", json={"jobs": jobs[start : start + 500]})
        assert answer.status_code == 202, answer.text


def test_eight_workers_give_every_pupil_a_name_of_their_own_and_a_second_run_changes_nothing(
    site, client, worker_db, settings
):
    ask(site, "UPDATE schedules SET enabled = false")
    people = list(pupils())
    batches = replace(settings, batch_jobs=16)
    for _ in ("first", "again"):
        hand_in(client, people)
        with running(*(polling_worker(worker_db, batches) for _ in range(WORKERS))):
            until(lambda: set(states(site)) == {"completed"}, 60)
        found = ask(site, "SELECT student_id, username, email FROM users ORDER BY 1")
        assert len(found) == len(people)
        assert len({name for _, name, _ in found}) == len(people)
        assert all(re.fullmatch("[a-z0-9][a-z0-9.]{0,19}", name) for _, name, _ in found)
        assert all(email == f"{name}@students.coreskills.example" for _, name, email in found)
        made = ask(site, "SELECT count(*) FROM audit_logs WHERE action = 'student.created'")
        assert made == [(len(people),)]
    tokens = sorted(int(name[11:] or 1) for _, name, _ in found if name.startswith("aobrien8001"))
    assert tokens == list(range(1, SAME + 1))
