"""Small disks that can be filled to the last byte: file systems in memory. Needs Linux and root."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coreskills.stack.account import unprivileged

PIECE = 1 << 16


class Disk:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self) -> None:
        """Until not one byte more goes in."""
        file = os.open(self._filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            while os.write(file, b"x" * PIECE):
                pass
        except OSError:
            pass
        finally:
            os.close(file)

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[Disk | None]:
    """Mounted at `path`, for the servers' account; None where nothing can be mounted."""
    path.mkdir(parents=True, exist_ok=True)
    if not _mounted(path, megabytes):
        yield None
        return
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def _mounted(path: Path, megabytes: int) -> bool:
    account = unprivileged()
    if not sys.platform.startswith("linux") or account is None:
        return False
    options = f"size={megabytes}m,mode=0700,uid={account.uid},gid={account.gid}"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True
    )
    return done.returncode == 0
