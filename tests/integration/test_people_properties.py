"""Whatever is done to people, in whatever order: what was promised about them stays true."""

import itertools

from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from coreskills.api.context import KEY
from coreskills.domain.lifecycle import MOVES
from tests.people import ADA
from tests.pipeline import ask, job, submit

EVENTS = {
    "suspend": "suspend_account",
    "resume": "resume_account",
    "disable": "disable_account",
    "restore": "restore_account",
    "archive": "archive_account",
    "purge": "delete_account",
}
SAME = {"suspend": "suspended", "disable": "disabled", "archive": "archived", "purge": "purged"}
FAMILIES = ["King", "Li", "Ng", "O'Brien", "Nuñez", "王", "Kingsley-Smythe-Featherstone"]
KEPT = "username, email, ou, first_name, last_name, state"
QUIET = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "derandomize": True,
    "database": None,
}
STORIES = st.one_of(
    st.lists(st.sampled_from(sorted(EVENTS)), min_size=1, max_size=4),
    st.sampled_from(
        [
            ["disable", "restore"],
            ["suspend", "disable", "archive", "restore", "suspend"],
            ["disable", "archive", "purge", "restore"],
        ]
    ),
)
numbers = itertools.count(1)


def rows(school, id):
    return ask(
        school.site,
        "SELECT key, action, before, after, error_code FROM job_rows"
        f" WHERE job_id = {id} ORDER BY line",
    )


class People(RuleBasedStateMachine):
    """Every act is planned, carried out by its plan, and done once more."""

    people = Bundle("people")

    def __init__(self, school):
        super().__init__()
        self.school = school
        self.db = school.client.app.extensions[KEY].db
        self.owners = {}  # username -> whose it was first
        self.before = {}  # id -> what they had before they were disabled
        school.ask("DELETE FROM group_members")

    def run(self, kind, **parameters):
        id = submit(self.db, kind, parameters)
        self.school.work()
        return job(self.db, id)

    def look(self, id, columns=KEPT):
        (row,) = self.school.ask(f"SELECT {columns} FROM users WHERE id = {id}")
        return row

    def groups(self, id):
        return self.school.ask(
            f"SELECT group_id FROM group_members WHERE user_id = {id} AND NOT remembered"
            " ORDER BY group_id"
        )

    def act(self, kind, id, **parameters):
        """The job that carried out the plan; a plan that cannot be made, cannot be done."""
        seen = self.look(id), self.groups(id)
        planned = self.run(kind, user_id=id, dry_run=True, **parameters)
        assert (self.look(id), self.groups(id)) == seen
        if planned["status"] == "failed":
            done = self.run(kind, user_id=id, **parameters)
            assert (done["status"], done["error_code"]) == ("failed", planned["error_code"])
            assert (self.look(id), self.groups(id)) == seen
            return done
        done = self.run(kind, user_id=id, plan_id=planned["id"], **parameters)
        assert done["status"] == "completed", done
        assert rows(self.school, done["id"]) == rows(self.school, planned["id"])
        after = self.look(id, "*")
        again = self.run(kind, user_id=id, **parameters)
        assert (again["status"], again["result"]["Changed"]) == ("completed", False)
        assert self.look(id, "*") == after
        return done

    @initialize(target=people)
    def two_join(self):
        return multiple(self.join("King"), self.join("King"))

    @rule(target=people, family=st.sampled_from(FAMILIES))
    def join(self, family):
        number = f"{next(numbers)}x8001"
        person = ADA | {"student_id": number, "last_name": family}
        done = self.run("create_student", **person)
        assert done["result"]["Created"] is True
        again = self.run("create_student", **person)
        assert again["result"]["Username"] == done["result"]["Username"]
        id = self.school.one(f"SELECT id FROM users WHERE student_id = '{number}'")
        assert self.school.client.put(f"/api/v1/groups/1/members/{id}").status_code == 204
        return id

    @rule(id=people, events=STORIES)
    def things_happen(self, id, events):
        for event in events:
            self.happens(id, event)

    def happens(self, id, event):
        state, had = self.look(id, "state")[0], (self.look(id), self.groups(id))
        done = self.act(EVENTS[event], id)
        target = MOVES[event].get(state)
        if target is None:
            as_before = state == SAME.get(event, "active")
            assert (done["status"] == "completed") == as_before, done
            assert (self.look(id), self.groups(id)) == had
            return
        assert self.look(id, "state") == (target,)
        if event == "disable":
            self.before[id] = had
            assert self.groups(id) == []
        if event == "restore":
            (name, email, unit, *_), groups = self.before[id]
            assert self.look(id, "username, email, ou") == (name, email, unit)
            assert self.groups(id) == groups

    @rule(id=people, family=st.sampled_from(FAMILIES))
    def gets_another_name(self, id, family):
        done = self.act("rename_account", id, last_name=family)
        if done["status"] == "completed" and id in self.before:
            (_, _, *rest), groups = self.before[id]
            self.before[id] = (*self.look(id, "username, email"), *rest), groups

    @rule(id=people, group=st.sampled_from([1, 2]))
    def is_put_into_a_group(self, id, group):
        self.school.client.put(f"/api/v1/groups/{group}/members/{id}")

    @invariant()
    def no_name_is_ever_given_to_a_second_person(self):
        for name, id in self.school.ask("SELECT username, user_id FROM usernames"):
            assert self.owners.setdefault(name, id) == id, name

    @invariant()
    def who_has_ended_is_in_no_group(self):
        assert self.school.ask(
            "SELECT count(*) FROM group_members JOIN users u ON u.id = user_id"
            " WHERE NOT remembered AND state NOT IN ('staged', 'active', 'suspended')"
        ) == [(0,)]


def test_no_order_of_events_breaks_a_promise_about_people(school):
    for name in ("Chess", "Choir"):
        assert school.client.post("/api/v1/groups", json={"name": name}).status_code == 201
    run_state_machine_as_test(
        lambda: People(school), settings=profile(max_examples=12, stateful_step_count=15, **QUIET)
    )


POPULATIONS = st.lists(
    st.tuples(
        st.integers(9, 12),
        st.sampled_from(["staged", "active", "suspended", "disabled"]),
        st.booleans(),  # retained
    ),
    max_size=12,
)


def enrolled(school, id, school_id, *, grade, year, state):
    """A pupil, by SQL: in any state, of any class."""
    ended = ", now(), 'admin'" if state == "disabled" else ", NULL, NULL"
    school.ask(
        "INSERT INTO users (user_type, student_id, first_name, last_name, username,"
        " username_stem, email, ou, grade_level, graduation_year, school_id, state,"
        f" disabled_at, disable_reason) VALUES ('student', '{id}', 'A', 'B', lower('{id}'),"
        f" lower('{id}'), '{id}@x', 'OU=x', {grade}, {year}, {school_id}, '{state}'{ended})"
    )


@profile(max_examples=15, **QUIET)
@given(population=POPULATIONS, top=st.integers(9, 12))
def promotion(school, population, top):
    number = next(numbers)
    south = school.founded(f"South{number}", top_grade=12)
    north = school.founded(f"North{number}", top_grade=top, feeder_id=south)
    retained = []
    for place, (grade, state, stays) in enumerate(population):
        id = f"P{number}x{place}"
        enrolled(school, id, north, grade=grade, year=2039 - grade, state=state)
        retained += [id] if stays else []
    body = {"school_year": 2027, "school_id": north, "retained": retained}
    planned = school.act("cohorts/promote", **body, dry_run=True)
    done = school.act("cohorts/promote", **body, plan_id=planned["id"])
    said, did = rows(school, planned["id"]), rows(school, done["id"])
    assert (done["status"], said) == ("completed", did)
    assert [key for key, *_ in said] == sorted(
        f"student:P{number}x{n}" for n in range(len(population))
    )
    for key, action, _, after, _ in said:
        grade, school_id = school.ask(
            f"SELECT grade_level, school_id FROM users WHERE student_id = '{key[8:]}'"
        )[0]
        assert grade == after.get("GradeLevel", grade)
        assert school_id == (south if action == "move" else north)


def test_a_promotion_does_what_its_plan_says_whoever_is_at_the_school(school):
    promotion(school)


CLASS = st.lists(
    st.tuples(
        st.sampled_from([12, 12, 12, 11, 9]),
        st.sampled_from([2027, 2027, 2028]),  # whoever was retained is of a later class
        st.sampled_from(["staged", "active", "suspended", "disabled"]),
        st.booleans(),  # at the school that is named
        st.integers(0, 2),  # devices
    ),
    min_size=3,
    max_size=12,
)


def outcome(school):
    """Of every pupil, what a graduation may change, and the jobs that will follow."""
    found = school.ask(
        "SELECT student_id, state, disable_reason, ou, original_ou,"
        " ARRAY(SELECT job_type FROM lifecycle_timers t WHERE t.user_id = u.id ORDER BY 1)"
        " FROM users u"
    )
    return {id: rest for id, *rest in found}


def laptops(school, id, count):
    school.ask(
        "INSERT INTO devices (device_id, device_name, device_type, platform, assigned_user_id)"
        f" SELECT '{id}x' || n, 'd', 'laptop', 'windows', id"
        f" FROM users, generate_series(1, {count}) AS n WHERE student_id = '{id}'"
    )


@profile(max_examples=15, **QUIET)
@given(population=CLASS, everywhere=st.booleans())
def graduation(school, population, everywhere):
    number = next(numbers)
    school.ask("UPDATE users SET graduation_year = 2029")  # of the examples before
    north, south = (school.founded(f"{name}{number}") for name in ("North", "South"))
    leave = set()
    for place, (grade, year, state, here, devices) in enumerate(population):
        id = f"P{number}x{place}"
        enrolled(school, id, north if here else south, grade=grade, year=year, state=state)
        laptops(school, id, devices if state == "active" else 0)
        if year == 2027 and grade == 12 and state != "disabled" and (everywhere or here):
            leave.add(id)
    body = {"graduation_year": 2027} | ({} if everywhere else {"school_id": north})
    before = outcome(school)
    planned = school.act("cohorts/graduate", **body, dry_run=True)
    assert outcome(school) == before, "a dry run changed somebody"
    done = school.act("cohorts/graduate", **body, plan_id=planned["id"])
    said = rows(school, planned["id"])
    assert (done["status"], rows(school, done["id"])) == ("completed", said)
    expected = {
        key.removeprefix("student:"): [after["State"], "leaver", after["OU"], after["OriginalOU"]]
        for key, action, _, after, _ in said
        if action == "disable"
    }
    assert set(expected) == leave
    follow = ["archive_account", "delete_account"]
    assert outcome(school) == before | {id: [*to, follow] for id, to in expected.items()}
    assert "disable" not in school.act("cohorts/graduate", **body)["result"]["Counts"]


def test_a_graduation_does_what_its_dry_run_says_whoever_is_in_the_class(school):
    school.ask("UPDATE thresholds SET most = 10000, percent = 100")
    graduation(school)


RULES = st.sampled_from(
    [
        {"Field": "GradeLevel", "Op": "ge", "Value": 11},
        {"Not": {"Field": "LastName", "Op": "eq", "Value": "King"}},
        {"Any": [{"Field": "State", "Op": "eq", "Value": "suspended"}]},
    ]
)


@profile(max_examples=10, **QUIET)
@given(rules=st.lists(RULES, min_size=1, max_size=3), seats=st.integers(0, 12))
def recomputation(school, rules, seats):
    number = next(numbers)
    for place, one in enumerate(rules):
        body = {"name": f"G{number}x{place}", "kind": "rule", "rule": one}
        assert school.client.post("/api/v1/groups", json=body).status_code == 201
        body = {"sku": f"L{number}x{place}", "name": "L", "seats": seats, "rule": one}
        assert school.client.post("/api/v1/licences", json=body).status_code == 201
    for kind in ("group_recompute", "licence_recompute"):
        planned = school.do(kind, dry_run=True)
        done = school.do(kind, plan_id=planned["id"])
        assert (done["status"], rows(school, done["id"])) == (
            "completed",
            rows(school, planned["id"]),
        )
        assert school.do(kind)["result"]["Changed"] == 0
    assert (
        school.ask(
            "SELECT sku FROM licences l WHERE used <> (SELECT count(*) FROM licence_assignments"
            " WHERE licence_id = l.id) OR used > seats"
        )
        == []
    )


def test_groups_and_seats_are_what_the_plan_says_and_stay_so(school):
    school.pupils(6, grade=11)
    school.pupils(6, grade=12)
    school.ask("UPDATE users SET state = 'suspended' WHERE id % 3 = 0")
    school.ask("UPDATE users SET last_name = 'King' WHERE id % 4 = 0")
    recomputation(school)
