"""An engine with the stand-ins in it, in a folder that a later run may find as it was left."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.compose import debian, images
from tests.compose.engine import Engine


def obstacle() -> str:
    """Why there can be none on this machine; empty: nothing is in the way."""
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("apt-get"):
        return "an engine of the tests' own needs Debian and root"
    lacking = [name for name in debian.HOST_PROGRAMS if not shutil.which(name)]
    return f"an engine of the tests' own needs {', '.join(lacking)}" if lacking else ""


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    packages = debian.Packages(folder / "packages")
    made = Engine(folder, packages)
    with made.running():
        images.make(made, packages, folder)
        yield made
