"""A pupil whose every name is a canary lives a whole life here, and is purged. Then nothing of it
may be left: in any table, in Redis, or in any line of a log."""

import re
import subprocess
from functools import partial

import pytest

from coreskills.stack.postgres import binaries
from tests.changes import sending
from tests.oneroster import as_delta, district, enrolment, package, person, role
from tests.pipeline import ask, job, run_out, usernames
from tests.trail import seal, verified

CANARY = "canary"
PUPIL = {
    "student_id": "SCANARY17",
    "first_name": "Zyxcanary",
    "last_name": "Qwcanary",
    "grade_level": 11,
    "graduation_year": 2028,
}
ROSTER = (
    "StudentID,FirstName,LastName,GradeLevel,GraduationYear\n"
    "SCANARY17,Zyxcanary,Qwcanary,{grade},2028\nS2,Alan,Turing,9,2030\n"
)
ASKED = {"party": "Mrs Qwcanary", "purpose": "Zyxcanary moves away"}
CANARYS = {
    "users": [
        person("u-canary", "SCANARY17", grades="11", givenName="Zyxcanary", familyName="Qwcanary")
    ],
    "roles": [role("r-canary", "u-canary")],
    "enrollments": [enrolment("e-canary", "u-canary")],
}
PACKAGE = package(
    {file: as_delta(rows) for file, rows in (district() | CANARYS).items()},
    **dict.fromkeys(district(), "delta"),
)
REPORT = (  # of a mass job, which names people by their keys
    "INSERT INTO job_rows (job_id, line, key, action, before, message) SELECT max(id), 7,"
    """ 'student:SCANARY17', 'move', '{"LastName": "Qwcanary"}', 'Qwcanary moved' FROM jobs"""
)
RETAINED = (
    """UPDATE jobs SET parameters = parameters || '{"retained": ["SCANARY17"]}' WHERE id ="""
    " (SELECT job_id FROM job_rows WHERE key = 'student:SCANARY17')"
)
FAILURE = (  # noted with a message that names somebody
    "INSERT INTO audit_logs (action, actor, resource_type, job_id, details, status) SELECT"
    """ 'a.failed', 'a', 'job', id, '{"message": "Qwcanary"}', 'failure' FROM jobs"""
    " WHERE job_type = 'archive_account' LIMIT 1"
)
REFERRING = (
    "SELECT DISTINCT 'public.' || relname FROM pg_constraint JOIN pg_class c ON c.oid = conrelid"
    " WHERE contype = 'f' AND confrelid = 'users'::regclass"
)
NAMELESS = {  # numbers, digests and words of ours; of what a device says there is a test below
    "public.account_passwords",
    "public.device_assignments",
    "public.devices",
    "public.group_members",
    "public.licence_assignments",
    "public.lifecycle_timers",
}
LAPTOP = {"device_id": "LT-1", "device_name": "n", "device_type": "laptop", "platform": "linux"}


@pytest.fixture
def work(worker):
    return partial(run_out, worker, wait_seconds=0.1)


@pytest.fixture
def sent(client, work):
    """A request, and the work it makes; the id of the job."""

    def act(method, path, body=None, **headers):
        more = {} if body is None else sending(body)
        answer = client.request(method, f"/api/v1/{path}", headers=headers, **more)
        work()
        return answer

    return act


def lived(sent, client, site):
    """From roster to archive, with all that goes wrong on the way."""
    joined(sent, client, site)
    stayed(sent, client)
    left(sent, site)


def joined(sent, client, site):
    key = {"Idempotency-Key": "Zyxcanary"}
    sent("POST", "imports?dry_run=true&filename=plan.csv", ROSTER.format(grade=11))
    ask(site, REPORT)
    ask(site, RETAINED)
    sent("POST", "users/student", PUPIL, **key)
    sent("POST", "students", PUPIL)
    sent("POST", "imports?filename=a.csv", ROSTER.format(grade=11))
    sent("POST", "imports?filename=b.csv", ROSTER.format(grade=12))
    twins = [{"type": "create_student", "data": PUPIL | {"grade_level": n}} for n in (9, 10)]
    assert sent("POST", "jobs/batch", {"jobs": twins}).status_code == 409
    changed = sent("PATCH", "users/1", {"last_name": "Vwcanary"}, **{"If-Match": "*"})
    assert changed.status_code == 200
    assert client.get("/api/v1/students/SCANARY17").status_code == 200
    assert client.get("/api/v1/users?last_name=Vwcanary").json["users"]


def renamed(sent):
    school = {"sourced_id": "o1", "name": "North", "type": "school"}
    school_id = sent("POST", "schools", school).json["id"]
    sent("POST", "users/1/rename", {"last_name": "Uwcanary", "why": "Zyxcanary married"})
    sent("POST", "users/1/rename", {"first_name": "Xyxcanary", "dry_run": True})
    sent("POST", "users/1/update", {"first_name": "Wyxcanary"})
    sent("POST", "users/1/move", {"school_id": school_id, "why": "to Zyxcanary's brother"})
    sent("POST", "users/1/reset-password", {"why": "Zyxcanary forgot it"})
    assert CANARY not in sent("POST", "users/1/password").json["password"]
    promotion = {"school_year": 2028, "school_id": school_id, "retained": ["SCANARY17"]}
    sent("POST", "cohorts/promote", promotion | {"dry_run": True})
    sent("POST", "cohorts/promote", promotion)
    sent("POST", "cohorts/promote", promotion | {"school_id": 1})  # who is not at that school
    sent("POST", "cohorts/graduate", {"graduation_year": 2028, "dry_run": True})


def rostered(sent):
    """In two packages, and out again in one for everybody."""
    sent("POST", "imports/oneroster?dry_run=true", PACKAGE)
    sent("POST", "imports/oneroster", PACKAGE)
    sent("POST", "exports/oneroster", {"party": "the state", "purpose": "the census"})


def stayed(sent, client):
    rostered(sent)
    renamed(sent)
    sent("POST", "devices", LAPTOP)
    sent("POST", "jobs", with_laptop("device_assign", user_id=1, why="for Zyxcanary"))
    sent("POST", "jobs", with_laptop("device_retire", why="Zyxcanary broke it"))
    sent("POST", "jobs", with_laptop("device_return", why="Zyxcanary is ill"))
    sent("POST", "jobs", with_laptop("device_assign", user_id=1))
    cohort = {"graduation_year": 2028, "dry_run": True}
    sent("POST", "jobs", {"type": "device_return_cohort", "data": cohort})
    sent("POST", "jobs", {"type": "device_return_cohort", "data": {"graduation_year": 2028}})
    sent("PATCH", "devices/LT-1", {"assigned_user_id": 1}, **{"If-Match": "*"})
    sent("POST", "jobs", about("suspend_account", why="Zyxcanary did not pay"))
    sent("POST", "jobs", about("suspend_account", dry_run=True, why="Zyxcanary"))
    sent("POST", "jobs", about("resume_account"))
    sent("POST", "jobs", about("archive_account", why="too early for Zyxcanary"))
    for _ in range(2):
        id = sent("POST", "users/1/export", ASKED).json["job_id"]
    assert CANARY in client.post(f"/api/v1/exports/{id}/collect").text.lower()


def left(sent, site):
    sent("PUT", "users/1/legal-hold", {"held": True, "reason": "Zyxcanary sues"})
    sent("POST", "jobs", about("disable_account", reason="leaver", why="Zyxcanary moved"))
    sent("POST", "jobs", about("archive_account", why="Zyxcanary has the laptop"))
    ask(site, FAILURE)
    ask(site, "UPDATE job_attempts SET error_message = 'Qwcanary' WHERE outcome = 'failed'")
    sent("PATCH", "devices/LT-1", {"assigned_user_id": None}, **{"If-Match": "*"})
    sent("POST", "jobs", about("archive_account", why="Zyxcanary"))
    sent("POST", "jobs", about("delete_account", why="Zyxcanary is held"))
    sent("PUT", "users/1/legal-hold", {"held": False, "reason": "Zyxcanary lost"})
    sent("POST", "jobs", about("delete_account", dry_run=True, why="Zyxcanary"))


def about(kind, **more):
    return {"type": kind, "data": {"user_id": 1, **more}}


def with_laptop(kind, **more):
    return {"type": kind, "data": {"device_id": "LT-1", **more}}


def dumped(site) -> str:
    """Every table there is, and every row of it."""
    done = subprocess.run(
        [str(binaries() / "bin" / "pg_dump"), "--data-only", site.postgres.admin_url(site.name)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def tables_with(text: str) -> set[str]:
    """Of a dump: which tables say it."""
    found, table = set(), ""
    for line in text.splitlines():
        if line.startswith("COPY "):
            table = line.split()[1]
        elif CANARY in line.lower():
            found.add(table)
    return found


def kept_in_redis(queue) -> list[str]:
    """Every key with what is in it."""
    client, found = queue._client, []
    for key in client.scan_iter():
        kind = client.type(key)
        read = {"stream": lambda k: client.xrange(k), "string": client.get}[kind]
        found.append(f"{key} {read(key)}")
    return found


def test_of_who_was_purged_nothing_is_left_anywhere(
    sent, client, db, worker_db, settings, site, queue, folder, told
):
    lived(sent, client, site)
    everywhere = tables_with(dumped(site))
    assert everywhere >= {
        "public.users",
        "public.usernames",
        "public.jobs",
        "public.job_attempts",
        "public.job_rows",
        "public.import_rows",
        "public.import_results",
        "public.audit_logs",
        "public.disclosures",
        "public.person_exports",
        "public.idempotency_keys",
        "public.enrollments",
        "public.role_assignments",
    }, "the canary did not get everywhere, so its absence would prove nothing"
    referring = {table for (table,) in ask(site, REFERRING)}
    assert referring - everywhere == NAMELESS, (
        "a table refers to people, and this life leaves it out"
    )
    assert len(usernames(site)) >= 2
    seal(worker_db)
    done = sent("POST", "jobs", about("delete_account", why="farewell, Zyxcanary")).json["job_id"]
    assert job(db, done)["status"] == "completed"
    assert tables_with(dumped(site)) == set()
    assert not [line for line in kept_in_redis(queue) if CANARY in line.lower()]
    logged = told()
    assert [line for line in logged if '"event":"request"' in line]
    for lines in (logged, (folder / "postgres.log").read_text().splitlines()):
        assert not [line for line in lines if CANARY in line.lower()]
    seal(worker_db)
    trail = verified(worker_db, settings)
    assert trail["Intact"]
    assert trail["Redacted"] > 5
    assert ask(site, "SELECT count(*) FROM exports") == [(0,)]  # its zip would name the pupil


def test_of_the_neighbour_everything_is_left(sent, client, db, site):
    lived(sent, client, site)
    sent("POST", "jobs", about("delete_account"))
    assert "Turing" in dumped(site)
    assert client.get("/api/v1/users/2").json["last_name"] == "Turing"
    assert ask(site, "SELECT count(*) FROM import_rows WHERE person_key = 'student:S2'") == [(3,)]
    ((details,),) = ask(
        site, "SELECT details FROM audit_logs WHERE action = 'student.created' AND user_id = 2"
    )
    assert "redacted" not in details


BROTHERS = (
    "StudentID,FirstName,LastName,GradeLevel,GraduationYear\n"
    "S1,Bao,Li,12,2028\nS2,Mai,Le,12,2028\nS3,Bao,Leaver,12,2028\n"
)
OTHERS = (
    "SELECT id, details FROM audit_logs WHERE id <= {last} AND user_id IN (2, 3) ORDER BY id",
    "SELECT * FROM job_rows WHERE key IN ('student:S2', 'student:S3') ORDER BY job_id, line",
    "SELECT id, parameters, result FROM jobs WHERE parameters ->> 'user_id' IN ('2', '3')"
    " ORDER BY id",
)
LEAVING = (  # of a whole job: no name of anybody, but words that begin like one, or are one
    "INSERT INTO audit_logs (action, actor, resource_type, job_id, details, status) SELECT"
    """ 'a.done', 'a', 'job', max(id), '{"why": "all leave", "Le": {"Action": "le"}}', 'success'"""
    " FROM jobs WHERE job_type = 'graduate_cohort'"
)
TOLD = "SELECT details FROM audit_logs WHERE action IN ('a.done', 'a.said') ORDER BY id"


def test_who_shares_a_name_with_the_purged_keeps_all_there_is_of_them(sent, client, db, site):
    """A short name is the beginning of many words, and a brother has it, too."""
    sent("POST", "imports?filename=a.csv", BROTHERS)
    sent("POST", "users/1/rename", {"last_name": "Le"})
    sent("PUT", "users/3/legal-hold", {"held": True, "reason": "Bao Le wants it"})
    sent("POST", "users/2/update", {"first_name": "May", "why": "not Li, said Bao Le"})
    sent("POST", "cohorts/graduate", {"graduation_year": 2028})
    ask(site, LEAVING)
    ask(site, LEAVING.replace("all leave", "Bao, too").replace("a.done", "a.said"))
    for step in ("archive_account", "delete_account"):
        ((last,),) = ask(site, "SELECT max(id) FROM audit_logs")
        before = [ask(site, each.format(last=last)) for each in OTHERS]
        done = sent("POST", "jobs", about(step)).json["job_id"]
        assert job(db, done)["status"] == "completed"
    assert "leaver" in str(before[1])
    assert [ask(site, each.format(last=last)) for each in OTHERS] == before
    assert all(before)
    assert ask(site, TOLD) == [
        ({"why": "all leave", "Le": {"Action": "le"}},),
        ({"redacted": True},),
    ]
    mine = "SELECT count(*) FROM audit_logs WHERE user_id = 1 AND details::text ~ 'Bao|Li|Le'"
    assert ask(site, mine) == [(0,)]
    assert ask(site, "SELECT key, before FROM job_rows WHERE key LIKE '%:1' LIMIT 1") == [
        ("user:1", {})
    ]


def test_what_a_device_said_of_its_holder_is_forgotten(sent, client, db, site):
    """Also what it said after it was given back, and the name somebody gave it."""
    sent("POST", "students", PUPIL)
    laptops = {
        "LT-1": {"assigned_user_id": 1, "device_name": "Zyxcanary's"},
        "LT-2": {"device_name": "n"},
    }
    for id, more in laptops.items():
        sent("POST", "devices", LAPTOP | {"device_id": id} | more)
    said = {"facts": {"disk_encrypted": True, "user": "Zyxcanary"}}
    assert sent("POST", "devices/LT-1/facts", said).status_code == 200
    sent("PATCH", "devices/LT-1", {"os_version": "Qwcanary 7"}, **{"If-Match": "*"})
    who = "SELECT DISTINCT user_id FROM audit_logs WHERE resource_type = 'device'"
    assert {user for (user,) in ask(site, who)} == {1, None}  # LT-2 was never anybody's
    sent("PATCH", "devices/LT-1", {"assigned_user_id": None}, **{"If-Match": "*"})
    said = {"facts": {"disk_encrypted": False, "user": "Qwcanary"}}
    assert sent("POST", "devices/LT-1/facts", said).status_code == 200
    for step in ("disable_account", "archive_account", "delete_account"):
        more = {"reason": "leaver"} if step == "disable_account" else {}
        done = sent("POST", "jobs", about(step, **more)).json["job_id"]
        assert job(db, done)["status"] == "completed"
    assert tables_with(dumped(site)) == set()
    assert ask(site, "SELECT device_name, facts FROM devices ORDER BY id") == [
        ("LT-1", {}),
        ("n", {}),
    ]


def test_redis_is_told_numbers_only(client, queue, site):
    """Whatever a job is about."""
    for n in range(3):
        client.post("/api/v1/users/student", json=PUPIL | {"student_id": f"S{n}"})
    streams = queue._client.scan_iter(_type="stream")
    entries = [entry for key in streams for entry in queue._client.xrange(key)]
    assert len(entries) == 3
    for _, fields in entries:
        assert set(fields) == {"id"}
        assert re.fullmatch(r"[0-9]+", fields["id"])
