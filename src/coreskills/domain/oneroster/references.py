"""What rows say of each other. Two passes: `see` every row, then ask for the faults of each, in the
order of the files, and tell which were not taken, since a row cannot refer to those."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from coreskills.domain.oneroster.columns import TABLES, Column
from coreskills.domain.oneroster.people import natural_key
from coreskills.domain.oneroster.rows import FAULT, ID
from coreskills.domain.oneroster.values import items
from coreskills.errors import Fault

Row = Mapping[str, str]
# Column of a file -> the types that what it names may have.
TYPES = {
    ("courses", "schoolYearSourcedId"): frozenset({"schoolYear"}),
    ("classes", "termSourcedIds"): frozenset({"term", "semester", "schoolYear"}),
    ("classes", "schoolSourcedId"): frozenset({"school"}),
    ("enrollments", "schoolSourcedId"): frozenset({"school"}),
}
MISMATCH = {"orgs": "org_type_mismatch", "academicSessions": "session_type_mismatch"}
# What is kept of a row beside its id, for the rows that refer to it.
TOLD = {
    "orgs": "type",
    "academicSessions": "type",
    "classes": "schoolSourcedId",
    "userProfiles": "userSourcedId",
}


class Role(NamedTuple):
    primary: bool
    role: str
    org: str


@dataclass
class Index:
    """`modes` of the files; `known` is what the database holds: file -> id -> what is told."""

    modes: Mapping[str, str]
    known: Mapping[str, Mapping[str, str]]
    roles: dict[str, list[Role]] = field(default_factory=dict)
    _rows: dict[str, dict[str, str]] = field(default_factory=dict)
    _repeated: dict[str, set[str]] = field(default_factory=dict)
    _primaries: Counter[tuple[str, str]] = field(default_factory=Counter)
    _people: Counter[str] = field(default_factory=Counter)
    _lost: dict[tuple[str, str], str] = field(default_factory=dict)

    def see(self, file: str, row: Row) -> None:
        if FAULT in row or not row.get(ID):
            return
        rows = self._rows.setdefault(file, {})
        if row[ID] in rows:
            self._repeated.setdefault(file, set()).add(row[ID])
        rows[row[ID]] = row.get(TOLD.get(file, ""), "")
        if file == "roles":
            self._see_role(row)
        elif file == "users" and (key := natural_key(row)):
            self._people[key] += 1

    def lose(self, file: str, id: str, action: str) -> None:
        """The row is `rejected` or `skipped`: what refers to it cannot be taken either."""
        self._lost[file, id] = action

    def faults(self, file: str, row: Row) -> list[Fault]:
        """Of a row that is right by itself."""
        found = []
        if row[ID] in self._repeated.get(file, ()):
            found.append(Fault(ID, "duplicate_sourced_id", "stands in this file more than once"))
        for column in TABLES[file]:
            if column.target and (value := row.get(column.name)):
                found += self._reference(file, column, value)
        return found + self._meaning(file, row)

    @property
    def losses(self) -> int:
        return len(self._lost)

    def lost(self, file: str, row: Row) -> Fault | None:
        """The first thing it refers to that is skipped: then so is this row."""
        for column in TABLES[file]:
            if column.target and self._lost.get((column.target, row.get(column.name, ""))) == (
                "skipped"
            ):
                return Fault(column.name, "reference_skipped", "names somebody who is skipped")
        return None

    def _see_role(self, row: Row) -> None:
        user, org = row.get("userSourcedId", ""), row.get("orgSourcedId", "")
        primary = row.get("roleType") == "primary"
        if row.get("status") == "tobedeleted":
            return
        self.roles.setdefault(user, []).append(Role(primary, row.get("role", ""), org))
        if primary:
            self._primaries[user, org] += 1

    def _reference(self, file: str, column: Column, value: str) -> list[Fault]:
        target = str(column.target)
        return [
            fault
            for id in (items(value) if column.kind == "ids" else [value])
            if (fault := self._target_fault(file, column.name, target, id))
        ]

    def _target_fault(self, file: str, name: str, target: str, id: str) -> Fault | None:
        told = self._told(target, id)
        if told is None and self.modes.get(target, "absent") == "absent":
            return Fault(name, "reference_file_missing", f"{id} is not here, nor is {target}.csv")
        if told is None:
            return Fault(name, "reference_missing", f"there is no {id} in {target}.csv")
        if self._lost.get((target, id)) == "rejected" and name != "agentSourcedIds":
            return Fault(name, "reference_rejected", f"the row of {id} in {target}.csv is rejected")
        wanted = TYPES.get((file, name))
        if wanted and told not in wanted:
            return Fault(name, MISMATCH[target], f"{id} is of type {told}")
        return None

    def _told(self, target: str, id: str) -> str | None:
        """A bulk file is all there is; to a delta, what we have already belongs."""
        found = self._rows.get(target, {}).get(id)
        if found is None and self.modes.get(target) != "bulk":
            found = self.known.get(target, {}).get(id)
        return found

    def _meaning(self, file: str, row: Row) -> list[Fault]:
        if file == "users":
            return self._user(row)
        if file == "roles":
            return self._role(row)
        if file == "enrollments":
            school = self._told("classes", row["classSourcedId"])
            if school and school != row["schoolSourcedId"]:
                message = f"the class belongs to {school}"
                return [Fault("schoolSourcedId", "school_mismatch", message)]
        return []

    def _user(self, row: Row) -> list[Fault]:
        found = []
        primary, roles = row.get("primaryOrgSourcedId"), self.roles.get(row[ID])
        if primary and roles and all(role.org != primary for role in roles):
            message = f"the person has no role at {primary}"
            found.append(Fault("primaryOrgSourcedId", "primary_org_without_role", message))
        if self._people[natural_key(row) or ""] > 1:
            message = "stands in this file with another sourcedId, too"
            found.append(Fault("identifier", "duplicate_person", message))
        return found

    def _role(self, row: Row) -> list[Fault]:
        found = []
        user, org = row["userSourcedId"], row["orgSourcedId"]
        if row["roleType"] == "primary" and self._primaries[user, org] > 1:
            message = f"{user} has several primary roles at {org}"
            found.append(Fault("roleType", "several_primary_roles", message))
        owner = self._told("userProfiles", row.get("userProfileSourcedId", ""))
        if owner and owner != user:
            message = f"the profile belongs to {owner}"
            found.append(Fault("userProfileSourcedId", "profile_of_another_user", message))
        return found
