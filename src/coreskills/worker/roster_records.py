"""What becomes of the rows of a file that is not about persons: compared with what we have."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from coreskills.domain.oneroster.columns import IGNORED, TABLES
from coreskills.domain.oneroster.references import Index
from coreskills.domain.oneroster.rows import ID, faults
from coreskills.errors import Fault
from coreskills.store import rosters
from coreskills.worker.context import Context

Row = dict[str, Any]
_META = frozenset({ID, "status", "dateLastModified"})
_FORGOTTEN = {"roles": frozenset({"userProfileSourcedId"})}
STORED = {
    file: frozenset(column.name for column in table if column.kept)
    - _META
    - _FORGOTTEN.get(file, frozenset())
    for file, table in TABLES.items()
}
_FORWARD = ("orgs", "academicSessions")  # whose rows name later rows of the same file


@dataclass(frozen=True)
class Records:
    context: Context
    index: Index
    modes: dict[str, Any]

    def of(self, file: str) -> Callable[[list[Row]], Iterator[Row]]:
        return _ignored if file in IGNORED else partial(self._results, file)

    def _results(self, file: str, rows: list[Row]) -> Iterator[Row]:
        verdicts = self._verdicts(file, rows)
        good = [row for row in rows if row["line"] not in verdicts]
        with self.context.db.reading() as conn:
            ids = [row["record"][ID] for row in good]
            existing = rosters.select_records(conn, file, ids) if ids else {}
        for row in rows:
            verdict = verdicts.get(row["line"]) or _compared(file, row["record"], existing)
            yield {"line": row["line"]} | verdict

    def _verdicts(self, file: str, rows: list[Row]) -> dict[int, Row]:
        """Of the rows that are not taken. Once more as long as one of them pulls another down."""
        while True:
            before = self.index.losses
            found = {
                row["line"]: verdict
                for row in rows
                if (verdict := judged(self.index, self.modes, file, row["record"]))
            }
            if file not in _FORWARD or self.index.losses == before:
                return found


def judged(index: Index, modes: dict[str, Any], file: str, record: Row) -> Row | None:
    """The result of a row that is wrong or refers to somebody who is skipped; None for others."""
    wrong = faults(file, record, modes[file])
    if not wrong and (skip := index.lost(file, record)):
        index.lose(file, record[ID], "skipped")
        return refused("skipped", [skip])
    wrong = wrong or index.faults(file, record)
    if not wrong:
        return None
    index.lose(file, record.get(ID, ""), "rejected")
    return refused("rejected", wrong)


def refused(action: str, reasons: list[Fault]) -> Row:
    told = [{"at": f.at, "code": f.code, "message": f.message} for f in reasons]
    return {"action": action, "faults": told}


def _compared(file: str, record: Row, existing: dict[str, Row]) -> Row:
    found, status = existing.get(record[ID]), record.get("status", "active")
    if file == "orgs" and status != "active":
        return refused("skipped", [Fault("status", "org_kept", "orgs are not taken away")])
    if found is None:
        return {"action": "created" if status == "active" else "unchanged"}
    stored = {name: value for name, value in record.items() if name in STORED[file]}
    same = stored == found["record"] and status == found["status"]
    return {"action": "unchanged" if same else "updated"}


def _ignored(rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        fault = Fault("line", "file_ignored", "this file is read and not taken over")
        yield {"line": row["line"]} | refused("skipped", [fault])
