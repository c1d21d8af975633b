"""Installing from a bundle that was verified: by its own installer, which is signed, too."""

import subprocess
import sys
from pathlib import Path

from coreskills import config
from coreskills.stack import bundle


def install(folder: Path, fingerprint: str, into: Path) -> int:
    """Its exit code; what it does and refuses, it says itself."""
    command = [sys.executable, str(folder / bundle.INSTALLER)]
    command += ["--fingerprint", fingerprint, "--into", str(into)]
    return subprocess.call(command, env=config.for_docker())
