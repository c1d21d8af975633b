"""The whole roster as a package in OneRoster's form, as another system reads it, or our own."""

import csv
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from coreskills.domain.oneroster import manifest
from coreskills.domain.oneroster.columns import IGNORED, METADATA, ORDER, TABLES, Mode, header
from coreskills.domain.oneroster.rows import ID
from coreskills.domain.roster_jobs import OneRosterExport
from coreskills.store import audit, lifecycle, oneroster, privacy
from coreskills.store.db import Connection
from coreskills.store.privacy import Disclosure
from coreskills.worker.context import Context, Outcome

FILES = [file for file in ORDER if file not in IGNORED]
PART = 1024 * 1024  # bytes
Row = dict[str, Any]


def export_oneroster(context: Context) -> Outcome:
    """It lies on disk, then in the database; nobody gets it before the job is done."""
    wanted = OneRosterExport.model_validate(context.job.parameters)
    with tempfile.TemporaryFile() as spool:
        counts = _written(context, spool)
        size = spool.tell()
        with context.db.transaction() as conn:
            context.hold(conn)
            _keep(conn, context.job.id, spool)
    told = {"Rows": counts, "Bytes": size}
    return Outcome(told, lambda conn: _disclose(context, conn, wanted, counts.get("users", 0)))


def _keep(conn: Connection, job_id: int, spool: IO[bytes]) -> None:
    oneroster.delete_parts(conn, job_id)
    spool.seek(0)
    for part, content in enumerate(iter(lambda: spool.read(PART), b"")):
        oneroster.insert_part(conn, job_id, part, content)


@dataclass
class _Package:
    archive: ZipFile
    moment: datetime
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, file: str, rows: Iterator[list[str]]) -> int:
        """Returns how many rows below the header."""
        info = ZipInfo(f"{file}.csv", self.moment.timetuple()[:6])
        info.compress_type = ZIP_DEFLATED
        count = -1
        with (
            self.archive.open(info, "w") as raw,
            io.TextIOWrapper(raw, "utf-8", newline="") as text,
        ):
            writer = csv.writer(text)
            for row in rows:
                writer.writerow(row)
                count += 1
        return count


def _written(context: Context, spool: IO[bytes]) -> dict[str, int]:
    with context.db.transaction() as conn:
        now = lifecycle.select_now(conn)
        with ZipFile(spool, "w") as archive:
            package = _Package(archive, now)
            everything = oneroster.select_everything(conn, FILES)
            for file, rows in groupby(everything, lambda row: str(row["file"])):
                package.counts[file] = package.add(file, _rows(context, file, rows))
            modes: dict[str, Mode] = dict.fromkeys(package.counts, "bulk")
            package.add("manifest", iter(manifest.written(modes)))
    return package.counts


def _rows(context: Context, file: str, rows: Iterator[Row]) -> Iterator[list[str]]:
    names = header(file) + list(METADATA if file == "users" else ())
    yield names
    for number, row in enumerate(rows):
        if number % 5000 == 0:
            context.report({"done": number, "total": number + 1})
        record = {ID: row["sourced_id"]} | row["record"]
        yield [record.get(name, "") for name in names]


def _disclosed() -> list[str]:
    """The columns of persons that are filled."""
    empty = {column.name for column in TABLES["users"] if not column.kept} - {"email"}
    return [name for name in header("users") if name not in empty] + list(METADATA)


def _disclose(context: Context, conn: Connection, wanted: OneRosterExport, people: int) -> None:
    """Who got to know what of everybody, and to what end."""
    job = context.job
    given = Disclosure(
        party=wanted.party,
        purpose=wanted.purpose,
        fields=_disclosed(),
        people=people,
        job_id=job.id,
        request_id=job.request_id,
    )
    privacy.insert_disclosure(conn, given)
    details = {"party": given.party, "why": given.purpose, "people": people}
    audit.insert_audit(conn, context.entry("roster.exported", "job", job.id, details=details))
