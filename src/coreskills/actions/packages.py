"""A zip from outside: onto the disk, and looked at before anything is unpacked."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import SEEK_END
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from coreskills.errors import Fault, Invalid, TooLarge

LARGEST_PACKAGE = 32 * 1024 * 1024
LARGEST_UNPACKED = 256 * 1024 * 1024
HIGHEST_RATIO = 100  # of what is unpacked to the zip; rosters have 10
SMALL = 4 * 1024 * 1024  # unpacked; no ratio is harmful
MOST_ENTRIES = 64  # OneRoster knows 22 files
MOST_ROWS = 500_000
MOST_LINES = MOST_ROWS + MOST_ENTRIES  # with headers and blank lines
LONGEST_LINE = 64 * 1024
_ENCRYPTED = 0x1


def spooled(chunks: Iterable[bytes], spool: IO[bytes]) -> bytes:
    """Write to disk what arrives; returns its SHA-256. Raises TooLarge."""
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > LARGEST_PACKAGE:
            raise TooLarge(f"The package has more than {LARGEST_PACKAGE // 2**20} MiB")
        digest.update(chunk)
        spool.write(chunk)
    return digest.digest()


@contextmanager
def opened(spool: IO[bytes]) -> Iterator[ZipFile]:
    """Raises Invalid for what is no zip, or one that a careful person would not unpack."""
    try:
        archive = ZipFile(spool)
    except (BadZipFile, ValueError, OSError, NotImplementedError) as exc:
        fault = Fault("zip", "zip_invalid", str(exc) or "is no zip")
        raise Invalid("The body is no zip", [fault]) from None
    with archive:
        faults = _faults(archive.infolist(), spool.seek(0, SEEK_END))
        if faults:
            raise Invalid("The zip is not safe to unpack", faults)
        yield archive


def _faults(entries: list[ZipInfo], size: int) -> list[Fault]:
    if len(entries) > MOST_ENTRIES:
        return [Fault("zip", "zip_entries", f"has {len(entries):,} entries, over {MOST_ENTRIES}")]
    found = [fault for entry in entries for fault in _entry_faults(entry)]
    for name, times in Counter(entry.filename for entry in entries).items():
        if times > 1:
            found.append(Fault(name[:60], "file_duplicate", "stands in the zip more than once"))
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > LARGEST_UNPACKED:
        message = f"has more than {LARGEST_UNPACKED // 2**20} MiB unpacked"
        found.append(Fault("zip", "zip_unpacked", message))
    elif unpacked > max(SMALL, HIGHEST_RATIO * size):
        message = f"unpacks to more than {HIGHEST_RATIO} times its size"
        found.append(Fault("zip", "zip_ratio", message))
    return found


def _entry_faults(entry: ZipInfo) -> list[Fault]:
    name, found = entry.filename[:60], []
    if "/" in entry.filename or "\\" in entry.filename or entry.filename.startswith("."):
        found.append(Fault(name, "zip_path", "is a path; the files stand at the top of the zip"))
    if entry.flag_bits & _ENCRYPTED:
        found.append(Fault(name, "zip_encrypted", "is encrypted"))
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        found.append(Fault(name, "zip_method", "is packed by a method other than deflate"))
    return found
