"""A pupil leaves: disabled at once, archived after a grace, purged a year later; or comes back."""

import pytest

from coreskills.domain.lifecycle import MOVES
from coreskills.store import leases, lifecycle
from tests.people import ADA, GRACE, IVAN
from tests.pipeline import ask, job, states, submit, trail
from tests.problems import refused


@pytest.fixture
def ada(db, work):
    submit(db, "create_student", ADA)
    work()
    return 1


@pytest.fixture
def do(db, work, ada):
    """Run a job on Ada to its end, and return it."""

    def act(kind, **parameters):
        id = submit(db, kind, {"user_id": ada} | parameters)
        work()
        return job(db, id)

    return act


@pytest.fixture
def days_pass(db, work, client):
    def act(days):
        answer = client.as_(GRACE).post("/api/v1/lifecycle/clock", json={"days": days})
        assert answer.status_code == 200
        submit(db, "lifecycle_tick")
        work()

    return act


def state(site, column="state"):
    ((found,),) = ask(site, f"SELECT {column} FROM users")
    return found


def timers(site):
    return ask(
        site,
        "SELECT job_type, fired_at IS NOT NULL, cancelled_at IS NOT NULL"
        " FROM lifecycle_timers ORDER BY id",
    )


def test_the_database_knows_the_same_moves_as_the_code(site):
    known = {(event, a, b) for event, ways in MOVES.items() for a, b in ways.items()}
    assert set(ask(site, "SELECT event, from_state, to_state FROM lifecycle_moves")) == known


def test_a_leaver_goes_from_disabled_over_archived_to_purged(do, site, days_pass):
    do("disable_account", reason="leaver")
    assert state(site) == "disabled"
    days_pass(29)
    assert state(site) == "disabled"
    days_pass(1)
    assert state(site) == "archived"
    days_pass(364)
    assert state(site) == "archived"
    days_pass(1)
    assert state(site) == "purged"
    assert timers(site) == [("archive_account", True, False), ("delete_account", True, False)]
    assert set(states(site)) == {"completed"}


@pytest.mark.parametrize("reason", ["admin", "security", "leave"])
def test_who_is_disabled_for_another_reason_is_never_touched_by_time(do, site, days_pass, reason):
    do("disable_account", reason=reason)
    assert timers(site) == []
    days_pass(3000)
    assert state(site) == "disabled"


def test_a_timer_of_an_older_leave_does_not_touch_who_is_disabled_for_another_reason(
    do, db, site, work
):
    """The timer's job was queued already when the account was restored."""
    do("disable_account", reason="admin")
    late = do("archive_account", by_timer=True)
    assert (late["status"], late["error_code"]) == ("failed", "state_conflict")
    assert state(site) == "disabled"


def test_on_the_last_day_of_the_grace_all_comes_back(do, site, days_pass):
    before = ask(site, "SELECT username, email, ou FROM users")
    do("disable_account", reason="leaver")
    days_pass(29)
    do("restore_account")
    assert state(site) == "active"
    assert ask(site, "SELECT username, email, ou FROM users") == before
    assert [cancelled for _, _, cancelled in timers(site)][:2] == [True, True]
    days_pass(3000)
    assert state(site) == "active"


def test_who_leaves_again_gets_the_whole_grace_again(do, site, days_pass):
    do("disable_account", reason="leaver")
    days_pass(29)
    do("restore_account")
    do("disable_account", reason="leaver")
    days_pass(29)
    assert state(site) == "disabled"
    days_pass(1)
    assert state(site) == "archived"


def test_a_purge_leaves_no_name_in_the_row_and_nobody_gets_the_name_again(do, db, site, work):
    do("disable_account", reason="leaver")
    do("archive_account")
    do("delete_account")
    ((row,),) = ask(site, "SELECT u::text FROM users u")
    assert "ovelace" not in row
    assert ask(site, "SELECT count(*) FROM usernames") == [(0,)]
    submit(db, "create_student", ADA)
    work()
    assert ask(site, "SELECT username FROM users WHERE id = 2") == [("alovelace80012",)]


def test_a_legal_hold_keeps_who_should_be_purged(do, site):
    do("disable_account", reason="leaver")
    do("archive_account")
    ask(site, "UPDATE users SET legal_hold = true")
    assert do("delete_account")["error_code"] == "legal_hold"
    assert state(site) == "archived"


def test_who_still_holds_a_laptop_is_not_archived(do, site):
    ask(
        site,
        "INSERT INTO devices (device_id, device_name, device_type, platform, assigned_user_id)"
        " VALUES ('LT-1', 'n', 'laptop', 'linux', 1)",
    )
    do("disable_account", reason="leaver")
    failed = do("archive_account")
    assert (failed["status"], failed["error_code"]) == ("failed", "device_held")


def test_a_dry_run_tells_and_does_not_do(do, site):
    told = do("suspend_account", dry_run=True)
    assert told["result"]["After"] == {"State": "suspended"}
    assert state(site) == "active"
    assert trail(site, told["id"]) == ["suspend_account.requested"]


def test_suspended_is_there_and_back_without_a_timer(do, site):
    suspended = do("suspend_account", why="fees")
    assert (state(site), state(site, "state_reason")) == ("suspended", "fees")
    assert trail(site, suspended["id"]) == ["suspend_account.requested", "account.suspended"]
    do("resume_account")
    assert (state(site), timers(site)) == ("active", [])


def test_a_second_run_changes_nothing_and_leaves_no_trail(do, site):
    do("suspend_account")
    again = do("suspend_account")
    assert (again["status"], again["result"]["Changed"]) == ("completed", False)
    assert trail(site, again["id"]) == ["suspend_account.requested"]


def test_what_was_decided_about_another_version_is_decided_anew(ada, worker_db, site):
    with worker_db.reading() as conn:
        account = lifecycle.select_account(conn, ada)
        ask(site, "UPDATE users SET first_name = 'Augusta'")
        changed = [(account, {"state": "suspended"})]
        assert not lifecycle.update_accounts(conn, changed, reason=None)
    assert state(site) == "active"


def test_two_ticks_at_once_make_one_job(do, site, worker_db):
    do("disable_account", reason="leaver")
    ask(site, "UPDATE lifecycle_timers SET due_at = now() WHERE job_type = 'archive_account'")
    with worker_db.transaction() as one, worker_db.transaction() as two:
        fired = [lifecycle.fire_timers(conn, actor="lifecycle", limit=10) for conn in (one, two)]
    assert fired == [1, 0]
    assert ask(site, "SELECT count(*) FROM jobs WHERE job_type = 'archive_account'") == [(1,)]


def test_the_lifecycle_of_a_person_can_be_read(do, client):
    do("disable_account", reason="leaver")
    told = client.get("/api/v1/users/1/lifecycle").json
    assert (told["state"], told["disable_reason"]) == ("disabled", "leaver")
    assert told["events"] == ["restore", "archive"]
    assert [timer["type"] for timer in told["timers"]] == ["archive_account", "delete_account"]
    refused(client.get("/api/v1/users/77/lifecycle"), 404, "not_found")
    steps = client.get("/api/v1/lifecycle/steps").json["steps"]
    left = [step for step in steps if step["event"] == "left"]
    assert {(step["user_type"], step["offset_days"]) for step in left} == {
        ("student", 30),
        ("student", 395),
        ("staff", 60),
        ("staff", 425),
    }


def test_only_an_admin_turns_the_clock_and_it_can_be_set_right_again(client, site):
    refused(client.as_(IVAN).post("/api/v1/lifecycle/clock", json={"days": 1}), 403, "forbidden")
    refused(client.post("/api/v1/lifecycle/clock", json={"days": -1}), 422, "validation_failed")
    assert client.post("/api/v1/lifecycle/clock", json={"days": 30}).json["ahead"] == "30 days"
    assert client.get("/api/v1/lifecycle/clock").json["ahead"] == "30 days"
    assert client.post("/api/v1/lifecycle/clock", json={"days": 0}).json["ahead"] == "00:00:00"


def test_the_turned_clock_ends_no_lease(do, days_pass, db, site, worker_db):
    """Only the lifecycle looks at it."""
    submit(db)
    with worker_db.reading() as conn:
        leases.claim_next_jobs(conn, 1, leases.Claimant("busy", "native", 15.0))
        ask(site, "UPDATE lifecycle_clock SET ahead = '400 days'")
        assert leases.reap_jobs(conn) == []
