"""One process at a time in an environment folder: a lock file beside it."""

import errno
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from environment.errors import PREFLIGHT, PreparationFailed
from environment.progress import say

LONGEST_WAIT = 3600.0  # seconds; no installation is allowed more

if sys.platform == "win32":
    import msvcrt

    def try_lock(handle: IO[str]) -> bool:
        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True
else:
    import fcntl

    def try_lock(handle: IO[str]) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def locked(folder: Path, handle: IO[str]) -> Iterator[None]:
    """Hold the lock of an environment folder. The system releases it if the process dies."""
    deadline = time.monotonic() + LONGEST_WAIT
    if not try_lock(handle):
        say(f"Another process is preparing {folder}; waiting for it.")
        while not try_lock(handle):
            if time.monotonic() > deadline:
                raise PreparationFailed(f"Gave up waiting for the process preparing {folder}.")
            time.sleep(0.2)
    yield


def inherited(handle: IO[str]) -> list[int]:
    """The lock, for a child that writes into the environment.

    If only this process is killed, the next one then waits until the orphan has ended. Windows
    has nothing like it.
    """
    return [] if sys.platform == "win32" else [handle.fileno()]


def open_lock(folders: Sequence[Path]) -> tuple[Path, IO[str]]:
    """The first folder that can be made here, and its open lock file beside it."""
    refused = []
    for folder in folders:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            return folder, folder.with_name(folder.name + ".lock").open("a+")
        except OSError as problem:
            if problem.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            refused.append(f"  {problem.strerror}: {problem.filename}")
    raise PreparationFailed(
        "There is no folder for the environment that can be written:\n"
        + "\n".join(refused)
        + "\nChoose one: --home FOLDER, or set CORESKILLS_HOME",
        PREFLIGHT,
    )
