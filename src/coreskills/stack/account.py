"""Under which user the database servers run. PostgreSQL refuses root, and rightly so.

As root they run under an existing unprivileged account. Nothing is created for it, and no mode
outside our own folders is changed: where it cannot reach a folder, another one is used.
"""

import os
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coreskills.errors import StackFailed

_CANDIDATES = ("postgres", "nobody", "daemon")


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    def popen_arguments(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_reach(self, path: Path) -> bool:
        """Whether every folder down to `path`'s nearest existing parent lets this account pass."""
        path = path.resolve()
        for folder in reversed([path, *path.parents]):
            try:
                info = folder.stat()
            except FileNotFoundError:
                return True
            if not self._may_pass(info):
                return False
        return True

    def own(self, folder: Path) -> None:
        """Give one of our own folders to the account, private to it."""
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        os.chown(folder, self.uid, self.gid)

    def _may_pass(self, info: os.stat_result) -> bool:
        if info.st_uid == self.uid:
            return bool(info.st_mode & stat.S_IXUSR)
        if info.st_gid == self.gid:
            return bool(info.st_mode & stat.S_IXGRP)
        return bool(info.st_mode & stat.S_IXOTH)


def unprivileged() -> Account | None:
    """The account to step down to; None when we are an ordinary user already."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StackFailed(
        "PostgreSQL does not run as root, and none of the accounts postgres, nobody, daemon exists",
        check="account.unprivileged",
        fix="run start.py as an ordinary user",
        exit_code=4,
    )


def reachable_copy(source: Path, target: Path, account: Account) -> Path:
    """`source` itself if the account can read there, else a copy of the tree at `target`."""
    if account.can_reach(source):
        return source
    if not target.exists():
        partial = target.with_name(target.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(source, partial, symlinks=True)
        partial.rename(target)
    return target


def reachable_program(source: Path, folder: Path, account: Account | None) -> Path:
    """`source` itself if the account can get there, else a copy of this one file in `folder`."""
    if account is None or account.can_reach(source):
        return source
    target = folder / source.name
    if not target.exists() or target.stat().st_mtime_ns != source.stat().st_mtime_ns:
        shutil.copy2(source, target)
    return target
