"""A package of Debian or of a distribution made from it, taken apart without being installed."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from coreskills import config
from coreskills.errors import StackFailed

_PATIENCE = 300.0  # seconds for a download over a slow line


@dataclass(frozen=True)
class Package:
    file: Path
    version: str
    sha256: str  # as the signed lists of the distribution say it


def is_here() -> bool:
    return all(shutil.which(name) for name in ("apt-get", "apt-cache", "dpkg-deb"))


def is_package(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(8) == b"!<arch>\n"


def fetch(name: str, folder: Path) -> Package:
    """Raises StackFailed where the distribution has none, or cannot be reached."""
    _run("apt-get", "-qq", "download", name, folder=folder)
    file = next(folder.glob(f"{name}_*.deb"))
    version = _run("dpkg-deb", "--field", str(file), "Version").strip()
    listed = _run("apt-cache", "show", "--no-all-versions", f"{name}={version}")
    found = re.search(r"^SHA256: ([0-9a-f]{64})$", listed, re.MULTILINE)
    if not found:
        raise _failed(name, "its checksum is not in the lists of this machine")
    return Package(file, re.sub(r"[^\w.+-]", "_", version), found[1])


def unpack(file: Path, folder: Path) -> None:
    """Only files are laid down: no script of the package runs."""
    _run("dpkg-deb", "--extract", str(file), str(folder))


def _run(*command: str, folder: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            cwd=folder,
            env=config.inherited() | {"LC_ALL": "C.UTF-8"},
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise _failed(command[-1], str(exc)) from exc
    if done.returncode:
        raise _failed(command[-1], (done.stderr.strip().splitlines() or ["?"])[-1])
    return done.stdout


def _failed(name: str, why: str) -> StackFailed:
    return StackFailed(
        f"The package {Path(name).name} cannot be had from this distribution: {why}",
        check="tools.package",
        fix="apt-get update as root, or the vendor's release with --from FILE --sha256 SUM",
    )
