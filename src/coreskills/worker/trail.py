"""The proof of the trail: every sealed row is read again, page by page, whatever its length."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from coreskills.domain.trail import FAULTS, AuditVerify
from coreskills.store import seals
from coreskills.store.db import Connection
from coreskills.worker.context import Context, Outcome

PAGE = 5000
TOLD = 100  # faults that are named; all are counted
GENESIS = sha256(b"coreskills").hexdigest()  # what the first hash is built upon
Row = dict[str, Any]


@dataclass
class _Finding:
    """What was seen so far, and where it ends."""

    seq: int = 0
    hash: str = GENESIS
    redacted: int = 0
    faulty: int = 0
    faults: list[Row] = field(default_factory=list)

    def add(self, fault: str, audit_id: int | None, seq: int | None) -> None:
        self.faulty += 1
        if len(self.faults) < TOLD:
            self.faults.append({"fault": fault, "audit_id": audit_id, "seq": seq})


def audit_verify(context: Context) -> Outcome:
    """Its result says what is wrong: a trail that was tampered with is no failure of the job."""
    wanted = AuditVerify.model_validate(context.job.parameters)
    with context.db.reading() as conn:
        head = seals.select_head(conn)
    found = _Finding()
    while found.seq < head["seq"] and _read_on(context, found):
        context.report({"done": found.seq, "total": head["seq"]})
    with context.db.reading() as conn:
        _compare_ends(conn, found, head, wanted.head)
        _find_strangers(conn, found, head["floor"])
        _name_exchanged(conn, found)
        unsealed = seals.count_unsealed(conn, head["floor"])
    return Outcome(_result(found, head, unsealed))


def _read_on(context: Context, found: _Finding) -> bool:
    with context.db.reading() as conn:
        page = seals.check_seals(conn, seq=found.seq, hash=found.hash, limit=PAGE)
    if not page["rows"]:
        return False
    found.seq, found.hash = page["seq"], page["hash"]
    found.redacted += page["redacted"]
    for fault in page["faults"]:
        found.add(fault["fault"], fault["audit_id"], fault["seq"])
    return True


def _compare_ends(conn: Connection, found: _Finding, head: Row, kept: str) -> None:
    """The newest seals may be gone, too; and whoever rewrote all did not rewrite the copy."""
    end = seals.select_seal(conn, head["seq"])
    if head["seq"] and end != head["hash"]:
        found.add("seal_missing" if end is None else "changed", None, head["seq"])
    if kept:
        seq, _, hash = kept.partition(":")
        if seals.select_seal(conn, int(seq)) != hash:
            found.add("rewritten", None, int(seq))


def _find_strangers(conn: Connection, found: _Finding, floor: int) -> None:
    after = -(2**63)
    while ids := seals.select_strangers(conn, after=after, floor=floor, limit=PAGE):
        for id in ids:
            found.add("inserted", id, None)
        after = ids[-1]


def _name_exchanged(conn: Connection, found: _Finding) -> None:
    changed = [each for each in found.faults if each["fault"] == "changed"]
    ids = [each["audit_id"] for each in changed if each["audit_id"] is not None]
    holds = seals.select_exchanged(conn, ids) if ids else {}
    for each in changed:
        if each["audit_id"] in holds:
            each |= {"fault": "exchanged", "holds": holds[each["audit_id"]]}


def _result(found: _Finding, head: Row, unsealed: int) -> Row:
    faults = sorted(found.faults, key=_place)
    told = [each | {"message": _words(each)} for each in faults]
    return {
        "Intact": not found.faulty,
        "Sealed": head["seq"],
        "Redacted": found.redacted,
        "Unsealed": unsealed,
        "Faulty": found.faulty,
        "First": told[0] if told else None,
        "Faults": told,
        "Head": f"{head['seq']}:{head['hash']}",
    }


def _place(fault: Row) -> tuple[bool, int]:
    """Rows in their order, then seals."""
    row = fault["audit_id"]
    return row is None, fault["seq"] if row is None else row


def _words(fault: Row) -> str:
    row = fault["audit_id"]
    what = f"seal {fault['seq']}" if row is None else f"row {row}"
    more = f" (row {fault['holds']})" if "holds" in fault else ""
    return f"{what} {FAULTS[fault['fault']]}{more}"
