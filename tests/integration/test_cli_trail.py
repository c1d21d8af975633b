"""What the command line says of a trail, and with which code it ends."""

import json

from coreskills.cli import audit, privacy
from tests.people import ADA
from tests.pipeline import ask, submit, until
from tests.trail import fill, mighty, seal


def test_a_trail_that_holds_ends_with_0_and_one_that_does_not_with_1(verb, db, worker_db, site):
    fill(db, 5)
    seal(worker_db)
    good = verb(audit.app, "verify")
    assert (good.exit_code, good.stdout[:14]) == (0, "intact: 4 rows")
    head = verb(audit.app, "head").stdout.strip()
    assert verb(audit.app, "verify", "--head", head).exit_code == 0
    assert verb(audit.app, "verify", "--head", "1:" + "0" * 64).exit_code == 1
    with mighty(site) as conn:
        conn.execute("UPDATE audit_logs SET actor = 'nobody' WHERE id = 2")
    bad = verb(audit.app, "verify")
    assert bad.exit_code == 1
    assert bad.stdout.startswith("NOT intact: row 2 is not what was sealed")
    told = verb(audit.app, "verify", "--json")
    assert told.exit_code == 1
    assert json.loads(told.stdout)["First"]["audit_id"] == 2


def test_the_trail_is_listed_by_each_of_its_sides_and_by_time(verb, db, site):
    fill(db, 20)
    ((job,),) = ask(site, "SELECT max(job_id) FROM audit_logs")
    for side, value in (("actor", "admin:grace"), ("action", "policy.created"), ("job", job)):
        found = verb(audit.app, "list", f"--{side}", str(value), "--json")
        rows = json.loads(found.stdout)["audit"]
        assert rows, side
        assert {row["job_id" if side == "job" else side] for row in rows} == {value}
    early = verb(audit.app, "list", "--until", "2020-01-01T00:00:00Z", "--json")
    assert json.loads(early.stdout)["audit"] == []
    since = verb(audit.app, "list", "--since", "2020-01-01T00:00:00Z", "--json")
    assert len(json.loads(since.stdout)["audit"]) >= 15


def test_the_trail_of_a_person_is_found_by_number_id_and_user_name_also_a_former_one(
    verb, db, site
):
    submit(db, "create_student", ADA)
    until(lambda: ask(site, "SELECT id FROM users"))
    submit(db, "rename_account", {"user_id": 1, "last_name": "Byron"})
    until(lambda: ask(site, "SELECT user_id FROM usernames WHERE kind = 'alias'"))
    told = verb(audit.app, "list", "--user", "1", "--json").stdout
    assert len(json.loads(told)["audit"]) == 2
    for name in ("user:1", ADA["student_id"], "alovelace8001", "ALovelace8001", "abyron8001"):
        assert verb(audit.app, "list", "--user", name, "--json").stdout == told, name
    nobody = verb(audit.app, "list", "--user", "77", "--json")
    assert json.loads(nobody.stdout)["audit"] == []
    assert "Nobody has the id or the user name x" in str(verb(audit.app, "list", "--user", "x"))


def test_a_record_is_exported_to_a_file_and_the_disclosure_is_listed(verb, db, site, tmp_path):
    submit(db, "create_student", ADA)
    until(lambda: ask(site, "SELECT id FROM users"))
    given = ("--party", "p", "--purpose", "w", "--out", str(tmp_path / "a"))
    done = verb(privacy.app, "export", "user:1", *given)
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "a").read_text())["users"][0]["last_name"] == "Lovelace"
    rows = json.loads(verb(privacy.app, "disclosures", "user:1", "--json").stdout)["disclosures"]
    assert [(row["party"], row["purpose"]) for row in rows] == [("p", "w")]
    assert verb(privacy.app, "hold", ADA["student_id"], "--reason", "r").exit_code == 0
    assert ask(site, "SELECT legal_hold FROM users") == [(True,)]
    assert verb(privacy.app, "release", ADA["student_id"], "--reason", "r").exit_code == 0
    assert ask(site, "SELECT legal_hold FROM users") == [(False,)]
    assert "audit_changes" in verb(privacy.app, "retention").stdout
