"""Accepting a roster file. It is read twice from a spool on disk, and never held whole."""

import codecs
import csv
import hashlib
import io
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

from coreskills.actions.jobs import Accepted, Work, submit
from coreskills.actions.request import Request
from coreskills.broker.streams import Queue
from coreskills.domain import csv_roster
from coreskills.domain.people import Planned
from coreskills.errors import Fault, Invalid, TooLarge
from coreskills.store import imports
from coreskills.store.db import Connection, Database

LARGEST_FILE = 32 * 1024 * 1024
LONGEST_ROW = 1024 * 1024  # characters, however many lines and columns they make
WIDEST_HEADER = 50
MOST_ROWS = 200_000
MOST_LINES = 2 * MOST_ROWS  # with blank ones, and rows on several
Staged = tuple[int, str | None, dict[str, str]]

csv.field_size_limit(LONGEST_ROW)


def request_import(
    db: Database,
    queue: Queue,
    request: Request,
    chunks: Iterable[bytes],
    *,
    filename: str,
    planned: Planned,
) -> Accepted:
    """Stage every row and queue the import, in one transaction.

    Raises Invalid for a file that is no roster (encoding, NUL, header, quoting; with the line),
    TooLarge over 32 MiB, 200,000 rows or 400,000 lines. A row that is wrong does not refuse the
    file: the job reports it.
    """
    with tempfile.TemporaryFile() as spool:
        digest = _spool(chunks, spool)
        rows = sum(1 for _ in _rows(spool))
        parameters = planned.model_dump() | {
            "rows": rows,
            "filename": filename,
            "digest": digest.hex(),
        }

        def fill(conn: Connection, job_id: int) -> None:
            imports.copy_rows(conn, job_id, _rows(spool))

        body_hash = hashlib.sha256(digest + planned.model_dump_json().encode()).digest()
        return submit(db, queue, request, Work("import_users", parameters, body_hash, fill))


def _spool(chunks: Iterable[bytes], spool: IO[bytes]) -> bytes:
    """Write to disk what arrives, and refuse early what can be refused early."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    size = line = 0
    for chunk in chunks:
        size += len(chunk)
        if size > LARGEST_FILE:
            raise TooLarge(f"The file has more than {LARGEST_FILE // 2**20} MiB; split it")
        line += _checked(decoder, chunk, line)
        digest.update(chunk)
        spool.write(chunk)
    _checked(decoder, b"", line, final=True)
    return digest.digest()


def _checked(
    decoder: codecs.IncrementalDecoder, chunk: bytes, line: int, *, final: bool = False
) -> int:
    try:
        text = decoder.decode(chunk, final)
    except UnicodeDecodeError as exc:
        line += 1 + exc.object.count(b"\n", 0, exc.start)
        fault = Fault(f"line {line}", "csv_encoding", "is not UTF-8; save the file as CSV UTF-8")
        raise Invalid("The file is not UTF-8 text", [fault]) from None
    if "\0" in text:
        line += 1 + text.count("\n", 0, text.index("\0"))
        fault = Fault(f"line {line}", "csv_encoding", "contains a NUL")
        raise Invalid("The file is not text", [fault])
    return text.count("\n")


def _rows(spool: IO[bytes]) -> Iterator[Staged]:
    """(line, person_key, record) of every row that is not empty. Leaves the spool open."""
    spool.seek(0)
    text = io.TextIOWrapper(spool, encoding="utf-8-sig", newline="")
    try:
        yield from _parsed(text)
    finally:
        text.detach()


class _Lines:
    """The lines of a file, of which the reader holds one row at a time, so that is bounded."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self._number = 0
        self._held = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        self._number += 1
        if self._number > MOST_LINES:
            raise TooLarge(f"The file has more than {MOST_LINES:,} lines, blank ones too; split it")
        self._held += len(line)
        if self._held > LONGEST_ROW:
            fault = Fault(f"line {self._number}", "csv_row", "belongs to a row of over 1 MiB")
            raise Invalid("The file is not well-formed CSV; a quote may be open", [fault])
        return line

    def row_is_done(self) -> None:
        self._held = 0


def _parsed(text: IO[str]) -> Iterator[Staged]:
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    try:
        names = _columns(next(reader, []))
        lines.row_is_done()
        rows, line = 0, reader.line_num + 1
        for values in reader:
            lines.row_is_done()
            if any(value.strip() for value in values):
                rows += 1
                record = csv_roster.record(names, values)
                yield line, csv_roster.natural_key(record), record
            if rows > MOST_ROWS:
                raise TooLarge(f"The file has more than {MOST_ROWS:,} rows; split it")
            line = reader.line_num + 1
    except csv.Error as exc:
        fault = Fault(f"line {reader.line_num}", "csv_row", str(exc))
        raise Invalid("The file is not well-formed CSV", [fault]) from None


def _columns(header: list[str]) -> list[str]:
    if len(header) > WIDEST_HEADER:
        fault = Fault("line 1", "csv_header", f"has {len(header):,} columns")
        raise Invalid("The first line is not the header of a roster", [fault])
    return csv_roster.columns(header)
