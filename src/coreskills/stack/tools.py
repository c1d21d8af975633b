"""Tools that no package registry has: fetched from their vendor, checked, unpacked into the home.

Only when somebody asks for it by name; nothing else of this program goes to the network.
"""

import hashlib
import platform
import re
import shutil
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from coreskills.errors import StackFailed
from coreskills.stack.home import Home

PWSH_VERSION = "7.5.4"
PWSH_RELEASES = "https://github.com/PowerShell/PowerShell/releases/download"
SUMS = "hashes.sha256"
_SYSTEMS = {"linux": "linux", "darwin": "osx", "win32": "win"}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
_CHUNK = 1 << 20
Report = Callable[[str], None]


@dataclass(frozen=True)
class Archive:
    """A release of PowerShell for this system."""

    version: str = PWSH_VERSION
    system: str = sys.platform
    machine: str = platform.machine()

    @property
    def name(self) -> str:
        system, machine = _SYSTEMS.get(self.system), _MACHINES.get(self.machine.lower())
        if not (system and machine):
            raise _failed(
                "tools.system", f"There is no PowerShell for {self.system} {self.machine}"
            )
        if system == "win":
            return f"PowerShell-{self.version}-win-{machine}.zip"
        return f"powershell-{self.version}-{system}-{machine}.tar.gz"


def pwsh_of(home: Home) -> str:
    """The PowerShell that was installed last into this home; empty if none was."""
    found = sorted(home.path.glob("tools/pwsh-*/pwsh*"), key=lambda p: p.parent.stat().st_mtime_ns)
    names = ("pwsh", "pwsh.exe")
    return next((str(path) for path in reversed(found) if path.name in names), "")


def download_pwsh(home: Home, releases: str, archive: Archive, report: Report) -> Path:
    """Fetch the vendor's archive and its published checksum; install only if they agree."""
    base = f"{releases.rstrip('/')}/v{archive.version}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / archive.name
        wanted = published_sum(_text(f"{base}/{SUMS}"), archive.name)
        report(f"fetching {base}/{archive.name}")
        _fetch(f"{base}/{archive.name}", file)
        return install_pwsh(home, file, wanted, archive.version, report)


def install_pwsh(home: Home, file: Path, sha256: str, version: str, report: Report) -> Path:
    """Raises StackFailed, and leaves nothing behind, when the archive is not what it should be."""
    _verify(file, sha256)
    report(f"sha256 {sha256.lower()} is right")
    target = home.path / "tools" / f"pwsh-{version}"
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        _unpack(file, partial)
        program = _program(partial)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    return target / program.relative_to(partial)


def published_sum(text: str, name: str) -> str:
    """Of a file in a list of lines `SUM *NAME`."""
    for line in text.splitlines():
        found = re.fullmatch(r"([0-9a-fA-F]{64})[ \t]+\*?(\S+)", line.strip())
        if found and found[2] == name:
            return found[1].lower()
    raise _failed("tools.checksum", f"The vendor publishes no checksum of {name}")


def _verify(file: Path, sha256: str) -> None:
    digest = hashlib.sha256()
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except OSError as exc:
        raise _failed("tools.archive", f"{file} cannot be read: {exc.strerror}") from exc
    if digest.hexdigest() != sha256.strip().lower():
        raise _failed("tools.checksum", f"{file.name} has the sha256 {digest.hexdigest()}")


def _unpack(file: Path, folder: Path) -> None:
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                archive.extractall(folder)
            return
        with tarfile.open(file) as archive:
            archive.extractall(folder, filter="data")
    except (OSError, tarfile.TarError, zipfile.BadZipFile) as exc:
        raise _failed("tools.archive", f"{file.name} cannot be unpacked: {exc}") from exc


def _program(folder: Path) -> Path:
    for name in ("pwsh", "pwsh.exe"):
        if (folder / name).is_file():
            (folder / name).chmod(0o755)
            return folder / name
    raise _failed("tools.archive", "There is no pwsh in the archive")


def _text(address: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / SUMS
        _fetch(address, file)
        raw = file.read_bytes()
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return raw.decode(encoding, "replace")


def _fetch(address: str, file: Path) -> None:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer, file.open("wb") as stream:
            shutil.copyfileobj(answer, stream, _CHUNK)
    except urllib.error.HTTPError as exc:
        exc.close()  # it is an open answer, too
        raise _failed("tools.download", f"{address} cannot be fetched: {exc}") from exc
    except (OSError, ValueError) as exc:
        raise _failed("tools.download", f"{address} cannot be fetched: {exc}") from exc


def _failed(check: str, message: str) -> StackFailed:
    fix = "fetch the archive by hand, then: coreskills tools install pwsh --from FILE --sha256 SUM"
    return StackFailed(message, check=check, fix=fix)
