"""What is no package is refused at once; and whoever interferes, a package has its effect once."""

import io
import zipfile
from contextlib import suppress

import pytest

from coreskills.actions.oneroster_import import request_oneroster_import
from coreskills.domain.people import Planned
from coreskills.store import leases
from tests.integration.test_forgetting import dumped, tables_with
from tests.oneroster import district, files, package, packed, person, role
from tests.oneroster_defects import REFUSED
from tests.people import GRACE, SAM
from tests.pipeline import GRACE as ASKING
from tests.pipeline import (
    NOWHERE,
    FailingEngine,
    Gate,
    GatedEngine,
    ask,
    expire_leases,
    in_background,
    job,
    make_due,
    polling_worker,
    submit,
)
from tests.problems import faults, refused

PATH = "/api/v1/imports/oneroster"
ZIP = {"content_type": "application/zip"}


@pytest.fixture(autouse=True)
def no_schedules(site):
    ask(site, "UPDATE schedules SET enabled = false")


@pytest.fixture
def run(worker_db, settings):
    def act(**more):
        return polling_worker(worker_db, settings, **more).run_once(wait_seconds=0)

    return act


def hand_in(db, body, **planned):
    done = request_oneroster_import(
        db, NOWHERE, ASKING, [body], filename="r.zip", planned=Planned(**planned)
    )
    return done.job_id


def crowd(pupils):
    """The district with as many pupils more."""
    roster = district()
    for n in range(pupils):
        roster["users"].append(person(f"x{n}", f"S77{n:05}", grades="09"))
        roster["roles"].append(role(f"rx{n}", f"x{n}"))
    return roster


@pytest.mark.parametrize("why", ["no zip", "a zip bomb", "an unknown column", "version 1.1"])
def test_a_refused_package_says_where_and_leaves_no_job(client, site, why):
    make, told = REFUSED[why]
    answer = client.post(PATH, data=make(), **ZIP)
    assert told in faults(answer)
    assert ask(site, "SELECT count(*) FROM jobs") == [(0,)]


def test_another_content_type_is_refused(client):
    answer = client.post(PATH, data=package(district()), content_type="text/csv")
    assert answer.status_code == 415


def test_a_student_may_not_import(client):
    refused(client.as_(SAM).post(PATH, data=package(district()), **ZIP), 403, "forbidden")


def test_over_32_mib_are_refused(client):
    answer = client.as_(GRACE).post(PATH, data=bytes(32 * 2**20 + 1), **ZIP)
    refused(answer, 413, "too_large")


@pytest.mark.parametrize(
    ("name", "text", "status", "code"),
    [
        ("manifest.csv", "a\n" * 2**20, 422, "manifest_size"),
        ("users.csv", "\n" * 1_000_000, 413, "too_large"),
        ("users.csv", "\n" * 8_000_000, 422, "zip_ratio"),
    ],
)
def test_a_crafted_package_is_refused_and_stages_nothing(client, site, name, text, status, code):
    texts = files(district())
    texts[name] += text
    answer = client.post(PATH, data=packed(texts), **ZIP)
    assert answer.status_code == status
    assert code in answer.text
    assert ask(site, "SELECT count(*) FROM jobs") == [(0,)]


def test_a_repeated_request_gets_the_job_of_the_first(client, site):
    key, body = {"Idempotency-Key": "k1"}, package(district())  # once: a zip tells the time
    first = client.post(PATH, data=body, headers=key, **ZIP)
    again = client.post(PATH, data=body, headers=key, **ZIP)
    assert first.json == again.json
    other = client.post(PATH + "?dry_run=true", data=body, headers=key, **ZIP)
    refused(other, 422, "idempotency_mismatch")


def test_in_a_freeze_window_a_package_is_only_looked_at(client, run, site):
    window = {"starts_at": "2020-01-01T00:00:00Z", "ends_at": "2060-01-01T00:00:00Z"}
    client.post("/api/v1/freeze-windows", json=window | {"reason": "end of the year"})
    refused(client.post(PATH, data=package(district()), **ZIP), 423, "frozen")
    for query in ("?dry_run=true", "?override=the%20board%20wants%20it"):
        assert client.post(PATH + query, data=package(district()), **ZIP).status_code == 202
        run()
    assert ask(site, "SELECT status, parameters ->> 'override' FROM jobs ORDER BY id") == [
        ("completed", ""),
        ("completed", "the board wants it"),
    ]


def test_a_worker_that_dies_while_planning_loses_nothing(db, run, worker_db, site):
    roster = crowd(1500)
    id = hand_in(db, package(roster))

    class DiesInTheSecondBatch(FailingEngine):
        def invoke(self, command, parameters, context, deadline):
            if ask(site, "SELECT line FROM import_results WHERE username IS NOT NULL"):
                raise KeyboardInterrupt  # what no handler catches, like a kill
            return super().invoke(command, parameters, context, deadline)

    with suppress(KeyboardInterrupt):
        run(engine=DiesInTheSecondBatch())
    assert job(db, id)["status"] == "running"
    assert ask(site, "SELECT count(*) FROM users") == [(0,)]
    expire_leases(site)
    with worker_db.reading() as conn:
        assert [row["id"] for row in leases.reap_jobs(conn)] == [id]
    make_due(site)
    run()
    done = job(db, id)
    assert (done["status"], done["result"]["Counts"]["created"]) == ("completed", 16 + 3000)
    assert ask(site, "SELECT count(*), count(DISTINCT username) FROM users") == [(1503, 1503)]
    rows = sum(len(part) for part in roster.values())
    assert ask(site, "SELECT count(*) FROM import_results") == [(rows,)]


def test_a_person_who_was_changed_meanwhile_is_looked_at_again(db, run, worker_db, settings, site):
    hand_in(db, package(district()))
    run()
    roster = district()
    roster["users"][0]["familyName"] = "Byron"
    id = hand_in(db, package(roster))
    gate = Gate()
    importer = polling_worker(worker_db, settings, engine=GatedEngine(gate))
    with in_background(lambda: importer.run_once(wait_seconds=0), gate=gate):
        gate.await_arrival()
        ask(
            site,
            "UPDATE users SET state = 'disabled', disable_reason = 'security',"
            " disabled_at = now() WHERE id = 1",
        )
    assert job(db, id)["status"] == "completed"
    found = "SELECT last_name, state, disable_reason FROM users WHERE id = 1"
    assert ask(site, found) == [("Byron", "disabled", "security")]


def test_the_same_files_packed_at_another_time_are_the_same_package(db, site):
    """So the plan of the one can be followed with the other."""
    late = io.BytesIO()
    with zipfile.ZipFile(late, "w") as archive:
        for name, text in reversed(files(district()).items()):
            archive.writestr(zipfile.ZipInfo(name, (1999, 1, 1, 0, 0, 0)), text)
    hand_in(db, package(district()))
    hand_in(db, late.getvalue())
    hand_in(db, package(crowd(1)))
    digests = [d for (d,) in ask(site, "SELECT parameters ->> 'digest' FROM jobs ORDER BY id")]
    assert digests[0] == digests[1] != digests[2]


def test_two_packages_with_the_same_people_at_once_create_each_once(
    db, run, worker_db, settings, site
):
    ids = [hand_in(db, package(crowd(5))), hand_in(db, package(crowd(5)))]
    gate = Gate()
    first = polling_worker(worker_db, settings, engine=GatedEngine(gate))
    with in_background(lambda: first.run_once(wait_seconds=0), gate=gate):
        gate.await_arrival()
        run()
    assert [job(db, id)["status"] for id in ids] == ["completed", "completed"]
    assert ask(site, "SELECT count(*) FROM users") == [(8,)]
    created = sum(job(db, id)["result"]["Counts"]["created"] for id in ids)
    assert created == sum(len(part) for part in crowd(5).values())


def test_the_rejected_rows_can_be_fetched_with_their_reasons(client, run):
    texts = files(district())
    texts["users.csv"] = texts["users.csv"].replace("O'Brien", "=cmd|'x'")
    id = client.post(PATH, data=packed(texts), **ZIP).json["job_id"]
    run()
    lines = client.get(f"/api/v1/imports/{id}/rejected.csv").text.splitlines()
    assert lines[0] == "File,Line,SourcedId,Field,Code,Reason"
    assert lines[1].startswith("users.csv,4,u-ivan,familyName,name_character,")
    assert {line.split(",")[0] for line in lines[2:]} == {"roles.csv", "enrollments.csv"}


def test_the_report_goes_on_from_page_to_page_and_can_be_filtered(client, run):
    id = client.post(PATH, data=package(district()), **ZIP).json["job_id"]
    run()
    path, found = f"/api/v1/imports/{id}/rows?limit=5", []
    while path:
        answer = client.get(path).json
        found += [(row["file"], row["line"]) for row in answer["rows"]]
        path = answer.get("next") and f"/api/v1/imports/{id}/rows?limit=5&cursor={answer['next']}"
    assert len(found) == len(set(found)) == 16
    of_users = client.get(f"/api/v1/imports/{id}/rows?file=users&action=created").json["rows"]
    assert [row["username"] for row in of_users] == ["alovelace8001", "jnunez0001", "ivan.obrien"]


def test_of_a_pupil_who_was_purged_no_row_is_left(db, run, site):
    roster = district()
    canary = {"givenName": "Zyxcanary", "familyName": "Qwcanary"}
    roster["users"].append(person("u-canary", "SCANARY17", grades="09") | canary)
    roster["roles"].append(role("r-17", "u-canary"))
    hand_in(db, package(roster))
    run()
    roster["users"][-1]["givenName"] = "Vwcanary"
    hand_in(db, package(roster))
    run()
    for name in ("users", "roles"):
        roster[name].pop()
    hand_in(db, package(roster))
    submit(db, "oneroster_export", {"purpose": "a test"})
    run()
    run()
    assert tables_with(dumped(site)) >= {"public.import_rows", "public.import_results"}
    ((id,),) = ask(site, "SELECT id FROM users WHERE student_id = 'SCANARY17'")
    for kind in ("archive_account", "delete_account"):
        submit(db, kind, {"user_id": id})
        run()
    assert ask(site, f"SELECT state FROM users WHERE id = {id}") == [("purged",)]
    assert tables_with(dumped(site)) == set()
    assert ask(site, f"SELECT count(*) FROM role_assignments WHERE user_id = {id}") == [(0,)]
