"""An archive from somewhere: fetched, compared with the checksum its maker published, unpacked."""

import hashlib
import re
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

from coreskills.errors import StackFailed
from coreskills.stack import debian

_CHUNK = 1 << 20
Report = Callable[[str], None]


def published_sum(tool: str, text: str, name: str) -> str:
    """Of a file in a list of lines `SUM *NAME`."""
    for line in text.splitlines():
        found = re.fullmatch(r"([0-9a-fA-F]{64})[ \t]+\*?(\S+)", line.strip())
        if found and found[2] == name:
            return found[1].lower()
    raise failed(tool, "tools.checksum", f"The vendor publishes no checksum of {name}")


def verify(tool: str, file: Path, sha256: str) -> None:
    try:
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as exc:
        raise failed(tool, "tools.archive", f"{file} cannot be read: {exc.strerror}") from exc
    if digest != sha256.strip().lower():
        raise failed(tool, "tools.checksum", f"{file.name} has the sha256 {digest}")


def unpack(tool: str, file: Path, folder: Path) -> None:
    try:
        if debian.is_package(file):
            debian.unpack(file, folder)
        elif zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                archive.extractall(folder)
        else:
            with tarfile.open(file) as archive:
                archive.extractall(folder, filter="data")
    except (OSError, tarfile.TarError, zipfile.BadZipFile) as exc:
        raise failed(tool, "tools.archive", f"{file.name} cannot be unpacked: {exc}") from exc


def program(folder: Path, names: tuple[str, ...]) -> Path | None:
    """Where vendors and Debian put it: at the top, in one folder, or in usr/bin. A package may have
    links that lead out of it, to a file of this machine."""
    for name in names:
        for found in (folder / name, folder / "usr" / "bin" / name, *folder.glob(f"*/{name}")):
            if found.is_file() and found.resolve().is_relative_to(folder.resolve()):
                return found
    return None


def text(tool: str, address: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "text"
        fetch(tool, address, file)
        raw = file.read_bytes()
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return raw.decode(encoding, "replace")


def fetch(tool: str, address: str, file: Path) -> None:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer, file.open("wb") as stream:
            shutil.copyfileobj(answer, stream, _CHUNK)
    except urllib.error.HTTPError as exc:
        exc.close()  # it is an open answer, too
        raise failed(tool, "tools.download", f"{address} cannot be fetched: {exc}") from exc
    except (OSError, ValueError) as exc:
        raise failed(tool, "tools.download", f"{address} cannot be fetched: {exc}") from exc


def failed(tool: str, check: str, message: str) -> StackFailed:
    ways = f"coreskills tools install {tool} --from FILE --sha256 SUM"
    return StackFailed(message, check=check, fix=f"fetch the archive by hand, then: {ways}")
