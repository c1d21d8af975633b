"""Accepting a package in OneRoster's form. It lies on disk, and is read twice from there."""

import hashlib
import io
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from coreskills.actions.jobs import Accepted, Work, submit
from coreskills.actions.oneroster_zip import (
    LONGEST_LINE,
    MOST_LINES,
    MOST_ROWS,
    MOST_VALUES,
    opened,
    spooled,
)
from coreskills.actions.request import Request
from coreskills.broker.streams import Queue
from coreskills.domain.oneroster import manifest, rows
from coreskills.domain.oneroster.columns import ORDER, Mode
from coreskills.domain.oneroster.lines import Line, parsed
from coreskills.domain.people import Planned
from coreskills.errors import Fault, Invalid, TooLarge
from coreskills.store import oneroster
from coreskills.store.db import Connection, Database


@dataclass
class Tally:
    """What was read so far, through all files: the lines, blank ones too, how many values they may
    have by the header above them, and their digest."""

    lines: int = 0
    values: int = 0
    columns: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def see(self, line: bytes) -> None:
        self.lines += 1
        if self.lines > MOST_LINES:
            message = f"The package has more than {MOST_ROWS:,} lines, blank ones too; split it"
            raise TooLarge(message)
        self.values += self.columns
        if self.values > MOST_VALUES:
            raise TooLarge(f"The package has more than {MOST_VALUES:,} values; split it")
        self.digest.update(line)


@dataclass
class Package:
    """A checked package. `modes` are those of the files that are read, in their order; the digest
    is of what they say, whenever and however they were packed."""

    archive: ZipFile
    tally: Tally = field(default_factory=Tally)
    modes: dict[str, Mode] = field(default_factory=dict)
    count: int = 0

    def staged(self) -> Iterator[oneroster.Staged]:
        """Every row, numbered through all files."""
        number = 0
        for file in self.modes:
            names: list[str] = []
            for line in _parsed(self.archive, f"{file}.csv"):
                if not names:
                    names = line.values
                    continue
                number += 1
                record = rows.record(file, names, line)
                id, person = record.get(rows.ID), rows.person_key(file, record)
                yield number, id, person, record, file, line.number


def request_oneroster_import(
    db: Database,
    queue: Queue,
    request: Request,
    chunks: Iterable[bytes],
    *,
    filename: str,
    planned: Planned,
) -> Accepted:
    """Stage every row and queue the import, in one transaction.

    Raises Invalid with every fault of the zip, the manifest and the headers, TooLarge over 32 MiB,
    500,000 lines, or ten million values. A row that is wrong does not refuse the package: the job
    reports it.
    """
    with tempfile.TemporaryFile() as spool:
        digest = spooled(chunks, spool)
        with opened(spool) as archive:
            package = checked(archive)
            parameters = planned.model_dump() | {
                "rows": package.count,
                "filename": filename,
                "files": package.modes,
                "digest": package.tally.digest.hexdigest(),
            }

            def fill(conn: Connection, job_id: int) -> None:
                oneroster.copy_roster_rows(conn, job_id, package.staged())

            body_hash = hashlib.sha256(digest + planned.model_dump_json().encode()).digest()
            return submit(db, queue, request, Work("oneroster_import", parameters, body_hash, fill))


def checked(archive: ZipFile) -> Package:
    """Raises Invalid with everything that is wrong with the package as a whole."""
    faults: list[Fault] = []
    names = archive.namelist()
    package = Package(archive)
    if manifest.NAME not in names:
        faults.append(Fault(manifest.NAME, "manifest_missing", "is not in the zip"))
        raise Invalid("The zip is no OneRoster package", faults)
    if archive.getinfo(manifest.NAME).file_size > manifest.LARGEST:
        faults.append(Fault(manifest.NAME, "manifest_size", "is larger than 64 KiB"))
        raise Invalid("The zip is no OneRoster package", faults)
    read = manifest.read(_parsed(archive, manifest.NAME), faults)
    faults += manifest.compare(read, names)
    for file in ORDER:
        if read.modes.get(file, "absent") != "absent" and f"{file}.csv" in names:
            package.modes[file] = read.modes[file]
            package.count += _counted(package, file, faults)
    if package.count > MOST_ROWS:
        raise TooLarge(f"The package has more than {MOST_ROWS:,} rows; split it")
    if faults:
        raise Invalid("The zip is no OneRoster package", faults[: manifest.MOST_FAULTS])
    return package


def _counted(package: Package, file: str, faults: list[Fault]) -> int:
    package.tally.digest.update(f"{file}:{package.modes[file]}\n".encode())
    lines = _parsed(package.archive, f"{file}.csv", package.tally)
    package.tally.columns = 0  # of this file nothing is known yet
    first = next(lines, None)
    if first is None:
        faults.append(Fault(f"{file}.csv line 1", "header_missing", "there is no header"))
        return 0
    if first.fault:
        at = f"{file}.csv line {first.number}"
        faults.append(Fault(at, first.fault.code, first.fault.message))
        return 0
    faults += rows.header_faults(file, first.values, first.number)
    package.tally.columns = len(first.values)
    count = sum(1 for _ in lines)
    if not count:
        message = "has no row below the header; say absent in the manifest instead"
        faults.append(Fault(f"{file}.csv", "no_rows", message))
    return count


def _parsed(archive: ZipFile, name: str, tally: Tally | None = None) -> Iterator[Line]:
    try:
        with archive.open(name) as member:
            # a member of a zip reads as a raw stream does, and is not declared as one
            buffered: IO[bytes] = io.BufferedReader(member, 256 * 1024)  # type: ignore[type-var]
            yield from parsed(_lines(buffered, name, tally))
    except (BadZipFile, zlib.error, EOFError, OSError) as exc:
        fault = Fault(name, "zip_damaged", f"cannot be unpacked: {exc}")
        raise Invalid("The zip is damaged", [fault]) from None


def _lines(stream: IO[bytes], name: str, tally: Tally | None) -> Iterator[bytes]:
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            fault = Fault(f"{name} line {number}", "csv_line_length", "is longer than 64 KiB")
            raise Invalid("The zip is no OneRoster package", [fault])
        if tally:
            tally.see(line)
        yield line
