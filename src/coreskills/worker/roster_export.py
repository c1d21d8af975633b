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
from coreskills.domain.oneroster.columns import IGNORED, METADATA, ORDER, Mode, header
from coreskills.domain.oneroster.rows import ID
from coreskills.domain.rosters import OneRosterExport
from coreskills.store import audit, lifecycle, rosters
from coreskills.store.audit import Entry
from coreskills.store.db import Connection
from coreskills.worker.context import Context, Outcome

FILES = [file for file in ORDER if file not in IGNORED]
PART = 1024 * 1024  # bytes
Row = dict[str, Any]


def export_oneroster(context: Context) -> Outcome:
    """It lies on disk until the last transaction, which keeps it with the job."""
    wanted = OneRosterExport.model_validate(context.job.parameters)
    spool = tempfile.TemporaryFile()  # noqa: SIM115  lives until the outcome is written
    counts = _written(context, spool)

    def write(conn: Connection) -> None:
        spool.seek(0)
        part = 0
        while content := spool.read(PART):
            rosters.insert_part(conn, context.job.id, part, content)
            part += 1
        _disclose(context, conn, wanted)

    return Outcome({"Rows": counts, "Bytes": spool.tell()}, write)


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
            everything = rosters.select_everything(conn, FILES)
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


def _disclose(context: Context, conn: Connection, wanted: OneRosterExport) -> None:
    """Who got to know what of everybody, and to what end."""
    job = context.job
    audit.insert_audit(
        conn,
        Entry(
            action="roster.disclosed",
            actor=job.requested_by,
            resource_type="job",
            resource_id=job.id,
            job_id=job.id,
            request_id=job.request_id,
            details={
                "party": wanted.party,
                "purpose": wanted.purpose,
                "fields": header("users") + list(METADATA),
            },
        ),
    )
