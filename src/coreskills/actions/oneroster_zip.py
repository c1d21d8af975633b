"""A zip from outside: onto the disk, and looked at before anything is unpacked."""

import hashlib
import struct
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
MOST_VALUES = 10_000_000  # rows times columns, quoted and empty ones too: each costs the same
LONGEST_LINE = 64 * 1024
LARGEST_DIRECTORY = 64 * 1024  # the list of the entries
_ENCRYPTED = 0x1
_END, _END64, _LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_END_SIZE, _END64_SIZE, _LOCATOR64_SIZE = 22, 56, 20
_LONGEST_COMMENT = 64 * 1024


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
    if faults := _directory_faults(spool):
        raise Invalid("The zip is not safe to open", faults)
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


def _directory_faults(spool: IO[bytes]) -> list[Fault]:
    """ZipFile reads the list of the entries whole, so first what the end record says of it."""
    ahead = _END_SIZE + _LONGEST_COMMENT
    size = spool.seek(0, SEEK_END)
    spool.seek(max(size - ahead - _END64_SIZE - _LOCATOR64_SIZE, 0))
    tail = spool.read()
    at = len(tail) - _END_SIZE
    if at < 0 or tail[at : at + 4] != _END or not tail.endswith(b"\0\0"):
        at = tail.rfind(_END, max(len(tail) - ahead, 0))
    if at < 0 or len(tail) - at < _END_SIZE:
        return [Fault("zip", "zip_invalid", "is no zip")]
    entries, length = struct.unpack_from("<HL", tail, at + 10)
    if tail[:at][-_LOCATOR64_SIZE:].startswith(_LOCATOR64):
        far = at - _LOCATOR64_SIZE - _END64_SIZE
        if far < 0 or not tail.startswith(_END64, far):
            return [Fault("zip", "zip_invalid", "has no end record where it says")]
        entries, length = struct.unpack_from("<QQ", tail, far + 32)
    if entries > MOST_ENTRIES:
        return [Fault("zip", "zip_entries", f"has {entries:,} entries, over {MOST_ENTRIES}")]
    if length > LARGEST_DIRECTORY:
        return [Fault("zip", "zip_directory", "has a list of entries of over 64 KiB")]
    return []


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
