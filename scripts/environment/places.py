"""Where things are: this checkout, the state folder, and the folders an environment may be in."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from environment.errors import PREFLIGHT, PreparationFailed

ROOT = Path(__file__).resolve().parents[2]
LOCK, TEST_LOCK = ROOT / "requirements.lock", ROOT / "requirements-test.lock"


def places(root: Path, home: Path) -> list[Path]:
    return [root / ".venv", home / "environment"]


def home_folder(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> Path:
    """The state folder: --home, CORESKILLS_HOME, or this system's usual place.

    Raises PreparationFailed if that is in the home of a user who does not exist or has none.
    """
    given = environ.get("CORESKILLS_HOME")
    for index, word in enumerate(arguments):
        if word == "--home" and index + 1 < len(arguments):
            given = arguments[index + 1]
        elif word.startswith("--home="):
            given = word.removeprefix("--home=")
    try:
        if given:
            return Path(given).expanduser().absolute()
        return usual_base(environ) / "coreskills" / "default"
    except RuntimeError as problem:
        text = f"{problem}\nChoose a folder: --home FOLDER, or set CORESKILLS_HOME"
        raise PreparationFailed(text, PREFLIGHT) from problem


def usual_base(environ: Mapping[str, str]) -> Path:
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local")
    if os.geteuid() == 0:
        return Path("/var/lib")
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support"
    return Path.home() / ".local/share"
