"""The Pythons of this machine: older, newer, crippled, or open to everybody."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.checkout import BASE_PYTHON, ORDINARY


def other_python(versions: set[str]) -> Path:
    """Another Python on PATH or among pyenv's, or a skip."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in sorted(versions):
        on_path = shutil.which(f"python{version}")
        candidates = [Path(on_path)] if on_path else []
        if os.access(pyenv, os.X_OK):
            candidates += pyenv.glob(f"{version}.*/bin/python")
        for candidate in candidates:
            if (
                subprocess.run([candidate, "-c", ""], check=False, capture_output=True).returncode
                == 0
            ):
                return candidate
    pytest.skip(f"none of these Pythons is installed: {', '.join(sorted(versions))}")


def python_without_ensurepip(folder: Path) -> Path:
    """This Python with its own copy of the standard library's folder, in which ensurepip lacks."""
    library = Path(os.__file__).parent
    copy = folder / "lib" / library.name
    copy.mkdir(parents=True)
    for entry in library.iterdir():
        if entry.name not in ("ensurepip", "site-packages", "dist-packages"):
            (copy / entry.name).symlink_to(entry)
    (folder / "bin").mkdir()
    python = folder / "bin" / library.name
    shutil.copy(BASE_PYTHON, python)
    asked = subprocess.run(
        [python, "-c", "import os, ensurepip"], capture_output=True, text=True, check=False
    )
    if "No module named 'ensurepip'" not in asked.stderr:
        pytest.skip(f"this Python cannot be copied: {asked.stderr or 'it found its own library'}")
    return python


def ordinary_python() -> Path:
    """A Python that the ordinary user can run; this process's may lie in a private folder."""
    names = [str(BASE_PYTHON), "/usr/bin/python3", "/usr/local/bin/python3"]
    check = "import sys, venv; sys.exit(sys.version_info < (3, 11))"
    for name in names:
        with contextlib.suppress(PermissionError, FileNotFoundError):
            if subprocess.run([name, "-c", check], user=ORDINARY, check=False).returncode == 0:
                return Path(name)
    pytest.skip(f"an ordinary user can run no Python 3.11 among {names}")
