"""What becomes of the rows of users.csv: new accounts, changes, leavers.

People are matched by sourcedId, else by the id of the district, and never by name. Who is new gets
an account as from any other roster; about the others the engine decides, one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from coreskills.domain.lifecycle import LEAVER
from coreskills.domain.naming import username_stem
from coreskills.domain.oneroster import people as rules
from coreskills.domain.oneroster.people import Skipped, Surroundings
from coreskills.domain.oneroster.references import Index
from coreskills.domain.oneroster.rows import ID
from coreskills.domain.people import DATA, Person
from coreskills.errors import EngineFailed, Fault, Invalid
from coreskills.store import lifecycle, oneroster
from coreskills.worker.context import Context
from coreskills.worker.csv_import import Candidate, named
from coreskills.worker.facts import COLUMNS, NAMES, account_facts, key_of, moment
from coreskills.worker.oneroster_records import judged, refused

Row = dict[str, Any]
WHY = "roster"
_OPEN = ("staged", "active", "suspended")
_KEPT = (
    *("user_type", "student_id", "employee_id", "state", "sourced_id"),
    *DATA,
    *("username", "username_stem", "email", "ou"),
)


@dataclass(frozen=True)
class Known:
    """The people of the directory that rows of a batch may mean."""

    by_id: dict[str, Row]
    by_key: dict[tuple[str, str], Row]

    def kind_of(self, key: str) -> str | None:
        """What the person with this id is; nothing if there is none, or one of each kind."""
        kinds = [kind for kind in ("student", "staff") if (kind, key) in self.by_key]
        return kinds[0] if len(kinds) == 1 else None


@dataclass(frozen=True)
class People:
    context: Context
    index: Index
    surroundings: Surroundings
    mode: str

    def results(self, rows: list[Row]) -> Iterator[Row]:
        verdicts = {row["line"]: self._judged(row["record"]) for row in rows}
        records = [row["record"] for row in rows if not verdicts[row["line"]]]
        known = self._known(
            [record[ID] for record in records],
            [key for record in records if (key := rules.natural_key(record))],
        )
        wanted: list[Candidate] = []
        for row in rows:
            result = verdicts[row["line"]] or self._decided(row["line"], row["record"], known)
            if isinstance(result, Candidate):
                wanted.append(result)
            else:
                told = {"line": row["line"], "person_key": row["person_key"]}
                yield self._noted(row["record"], told | result)
        names = {candidate.line: candidate for candidate in wanted}
        for result in named(self.context, wanted):
            candidate = names[result["line"]]
            record = {ID: candidate.more["sourced_id"]}
            yield self._noted(record, candidate.more | result)

    def leavers(self, ids: list[str], *, first: int) -> Iterator[Row]:
        """Results for people who are in no row; numbered from `first`."""
        known = self._known(ids, [])
        for number, id in enumerate(ids, first):
            yield {"line": number} | self._leaves(known.by_id[id])

    def _judged(self, record: Row) -> Row | None:
        if record.get("status") == "tobedeleted" and record.get(ID):
            return None  # whoever goes need not be right any more
        return judged(self.index, {"users": self.mode}, "users", record)

    def _noted(self, record: Row, result: Row) -> Row:
        if result["action"] in ("rejected", "skipped") and record.get(ID):
            self.index.lose("users", record[ID], result["action"])
        return result

    def _known(self, ids: list[str], keys: list[str]) -> Known:
        if not ids:
            return Known({}, {})
        with self.context.db.transaction() as conn:
            oneroster.be_swift(conn)
            found = lifecycle.select_accounts(conn, oneroster.select_meant(conn, ids, keys))
        return Known(
            {row["roster_id"]: row for row in found},
            {(row["user_type"], row["student_id"] or row["employee_id"]): row for row in found},
        )

    def _decided(self, line: int, record: Row, known: Known) -> Row | Candidate:
        try:
            return self._matched(line, record, known)
        except Skipped as exc:
            return refused("skipped", [exc.fault])
        except Invalid as exc:
            return refused("rejected", exc.faults)
        except EngineFailed as exc:
            if not exc.permanent:
                raise
            return refused("rejected", [Fault("line", exc.code, exc.message)])

    def _matched(self, line: int, record: Row, known: Known) -> Row | Candidate:
        found = known.by_id.get(record[ID])
        if record.get("status") == "tobedeleted":
            return self._leaves(found) if found else {"action": "unchanged"}
        roles = self.index.roles.get(record[ID], [])
        key = rules.natural_key(record) or ""
        kind = rules.kind(record, roles, found["user_type"] if found else known.kind_of(key))
        if found and found["user_type"] != kind:
            fault = Fault("sourcedId", "kind_differs", f"is {found['user_type']} here, not {kind}")
            return refused("rejected", [fault])
        twin = known.by_key.get((kind, key))
        person = rules.person(record, kind, roles, found or twin, self.surroundings)
        school = rules.school(record, roles)
        if found or twin:
            return self._same(record, person, school, found, twin)
        if record["enabledUser"] != "true":
            raise Skipped(Fault("enabledUser", "user_not_enabled", "is new, and not enabled"))
        return Candidate(
            line,
            f"{kind}:{person.key}",
            person.model_dump(),
            username_stem(person),
            {"sourced_id": record[ID], "school": school},
        )

    def _same(
        self,
        record: Row,
        person: Person,
        school: str | None,
        found: Row | None,
        twin: Row | None,
    ) -> Row:
        """Of somebody we know. `found` has the sourcedId of the row, `twin` its id."""
        if wrong := _misfit(found, twin):
            return refused("rejected", [wrong]) | {"user_id": (found or twin or {}).get("id")}
        account = found or twin
        assert account is not None
        wanted = person.model_dump()
        after: Row = {}
        if "primaryOrgSourcedId" in record and school != account["school_sourced_id"]:
            after["School"] = school
        if account["sourced_id"] is None and record[ID] != account["uuid"]:
            after["SourcedID"] = record[ID]
        return self._changed(account, wanted, after)

    def _changed(self, account: Row, wanted: Row, after: Row) -> Row:
        if account["state"] == "archived" and account["disable_reason"] != LEAVER:
            raise Skipped(Fault("sourcedId", "account_archived", "was archived by a person"))
        facts = self._facts(account)
        answers = []
        if account["state"] not in _OPEN and account["disable_reason"] == LEAVER:
            answers.append(self.context.invoke("Restore-KISDAccount", {}, facts))
            facts["Account"] |= answers[-1]["After"]
        data = {
            NAMES[column]: wanted[column]
            for column in DATA
            if column in wanted and wanted[column] != account[column]
        }
        if data:
            answers.append(self.context.invoke("Set-KISDAccount", data, facts))
        for answer in answers:
            after |= answer["After"]
        return _result("updated", account, after) if after else {"action": "unchanged"}

    def _leaves(self, account: Row) -> Row:
        if account["state"] not in _OPEN:
            return {"action": "unchanged"}
        facts = self._facts(account)
        answer = self.context.invoke("Disable-KISDAccount", {"Reason": LEAVER}, facts)
        return _result("disabled", account, answer["After"])

    def _facts(self, account: Row) -> Row:
        return {
            "Now": self._now,
            "DevicesHeld": account["devices_held"],
            "LegalHold": account["legal_hold"],
            "Account": account_facts(account, self.context.settings),
        }

    @cached_property
    def _now(self) -> str:
        with self.context.db.reading() as conn:
            return moment(lifecycle.select_now(conn))


def _misfit(found: Row | None, twin: Row | None) -> Fault | None:
    if found and twin and found["id"] != twin["id"]:
        return Fault("identifier", "duplicate_person", "belongs to somebody else here")
    if found and not twin:
        return Fault("identifier", "identifier_differs", "is another one here; it does not change")
    if twin and not found and twin["sourced_id"]:
        return Fault("sourcedId", "sourced_id_differs", "is another one here; it does not change")
    return None


def _result(action: str, account: Row, after: Row) -> Row:
    """The whole row as it shall be, and what is different."""
    names = COLUMNS | {"School": "school_sourced_id", "SourcedID": "sourced_id"}
    shall = account | {names[name]: value for name, value in after.items() if name in names}
    return {
        **{name: shall[name] for name in _KEPT},
        "action": action,
        "school": shall["school_sourced_id"],
        "person_key": key_of(account),
        "user_id": account["id"],
        "user_version": account["version"],
        "changes": {
            "before": {n: account[names[n]] for n in after if n in names},
            "after": {n: value for n, value in after.items() if n in names},
            "row": {n: shall[n] for n in ("original_ou", "disable_reason")},
        },
    }
