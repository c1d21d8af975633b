"""What is wrong with the rows of a file. Those that nothing is wrong with are compared in SQL."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from coreskills.domain.oneroster.columns import IGNORED
from coreskills.domain.oneroster.references import Index
from coreskills.domain.oneroster.rows import ID, faults
from coreskills.errors import Fault

Row = dict[str, Any]
LEFT_OUT = [ID, "status", "dateLastModified", "userProfileSourcedId"]  # of the comparison
_FORWARD = ("orgs", "academicSessions")  # whose rows name later rows of the same file


@dataclass(frozen=True)
class Records:
    index: Index
    modes: dict[str, Any]

    def of(self, file: str) -> Callable[[list[Row]], Iterator[Row]]:
        """Results of the rows that are not taken."""
        return _ignored if file in IGNORED else partial(self._results, file)

    def _results(self, file: str, rows: list[Row]) -> Iterator[Row]:
        """Once more as long as one of them pulls another down."""
        while True:
            before = self.index.losses
            found = [
                {"line": row["line"], "person_key": row["person_key"]} | verdict
                for row in rows
                if (verdict := judged(self.index, self.modes, file, row["record"]))
            ]
            if file not in _FORWARD or self.index.losses == before:
                yield from found
                return


def judged(index: Index, modes: dict[str, Any], file: str, record: Row) -> Row | None:
    """The result of a row that is wrong or refers to somebody who is skipped; None for others."""
    wrong = faults(file, record, modes[file])
    if not wrong and (skip := index.lost(file, record) or _kept(file, record)):
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


def _kept(file: str, record: Row) -> Fault | None:
    if file == "orgs" and record.get("status") == "tobedeleted":
        return Fault("status", "org_kept", "an org is not taken away: people stand under it")
    return None


def _ignored(rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        fault = Fault("line", "file_ignored", "this file is read and not taken over")
        told = {"line": row["line"], "person_key": row["person_key"]}
        yield told | refused("skipped", [fault])
