"""One environment folder: what it is made from, whether it is complete, how it makes room."""

from __future__ import annotations

import hashlib
import importlib.machinery
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from environment.errors import PREFLIGHT, PreparationFailed
from environment.progress import packages

COMPLETE, TESTS_COMPLETE = "complete", "complete-tests"
SIGNS = ("pyvenv.cfg", "install.log")  # either shows that a folder is a Python environment


@dataclass(frozen=True)
class Environment:
    """One environment folder and what it is made from."""

    folder: Path
    root: Path
    lock: Path

    @property
    def python(self) -> Path:
        windows = os.name == "nt"
        return self.folder / ("Scripts/python.exe" if windows else "bin/python")

    @property
    def log(self) -> Path:
        return self.folder / "install.log"

    @property
    def tests_log(self) -> Path:
        return self.folder / "install-tests.log"

    @property
    def old(self) -> Environment:
        folder = self.folder.with_name(self.folder.name + ".old")
        return Environment(folder, self.root, self.lock)

    def digest(self, lock: Path) -> str:
        """The lock, this Python's binary interface, and both places, as one number."""
        python = sys.implementation.cache_tag + importlib.machinery.EXTENSION_SUFFIXES[0]
        parts = [lock.read_bytes().replace(b"\r", b"")]
        # fsencode: a name is the same bytes under every locale
        parts += [os.fsencode(p) for p in (python, machine(), self.root, self.folder.absolute())]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()

    def fault(self, marker: str = COMPLETE, lock: Path | None = None) -> str | None:
        """What keeps this environment from being used, or None if it is complete."""
        try:
            lines = (self.folder / marker).read_bytes().splitlines()
            digest, _root, *entries = map(os.fsdecode, lines)
        except (OSError, ValueError):
            return "its installation was not finished"
        if digest != self.digest(lock or self.lock):
            return "it was made from another lock file, for another Python, or in another folder"
        if not (self.folder / TESTS_COMPLETE).exists() and packages(self.tests_log):
            return "the installation of the test packages was not finished"
        missing = [entry for entry in entries if not os.path.exists(self.folder / entry)]
        return f"{missing[0]} is missing" if missing else None

    def faults(self, tests: Path | None) -> str | None:
        return self.fault() or (tests and self.fault(TESTS_COMPLETE, tests)) or None

    def mark(self, marker: str, lock: Path) -> None:
        """Write a marker so that it is either there in full or not at all."""
        packages = sorted(entry.relative_to(self.folder) for entry in self.packages().iterdir())
        entries = [self.python.relative_to(self.folder), *packages]
        lines = [self.digest(lock), str(self.root), *(entry.as_posix() for entry in entries)]
        unfinished = self.folder / (marker + ".tmp")
        with unfinished.open("wb") as file:
            file.writelines(os.fsencode(line) + b"\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.folder / marker)

    def packages(self) -> Path:
        import sysconfig

        base = {"base": str(self.folder), "platbase": str(self.folder)}
        return Path(sysconfig.get_path("purelib", "venv", base))

    def exists_as_ours(self) -> bool:
        """Whether there is a folder; anything but a Python environment stops everything."""
        if not os.path.lexists(self.folder):
            return False
        if self.folder.is_dir():
            signs = (self.folder / name for name in SIGNS)
            if any(sign.exists() for sign in signs) or not any(self.folder.iterdir()):
                return True
        raise PreparationFailed(
            f"{self.folder} is in the way: it is not a Python environment. Move it elsewhere.",
            PREFLIGHT,
        )

    def discard(self) -> None:
        """Remove the folder; its marker first, so that a rest of it is never trusted.

        What shows that it is an environment goes last, so that a rest of it is never in the way.
        """
        (self.folder / COMPLETE).unlink(missing_ok=True)
        if self.folder.is_symlink():
            self.folder.unlink()
        elif self.folder.exists():
            for entry in sorted(self.folder.iterdir(), key=lambda entry: entry.name in SIGNS):
                remove(entry)
            self.folder.rmdir()

    def step_aside(self) -> None:
        """Make room for a new folder, keeping one that was complete as FOLDER.old."""
        self.old.exists_as_ours()  # it will be removed, so it must not be somebody else's
        if not self.exists_as_ours():
            return
        if (self.folder / COMPLETE).exists():
            self.old.discard()
            self.folder.rename(self.old.folder)
        else:
            self.discard()

    def come_back(self) -> None:
        """After a failure: give the former environment its place again, with the new log."""
        if not (self.old.folder / COMPLETE).exists():
            return
        log = self.log.read_bytes() if self.log.exists() else b""
        self.discard()
        self.old.folder.rename(self.folder)
        self.log.write_bytes(log)


def remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()


def machine() -> str:
    if sys.platform == "win32":
        return ""  # part of the name of its extension modules
    return os.uname().machine
