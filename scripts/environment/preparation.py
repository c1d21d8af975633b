"""An environment made, repaired or renewed, as far as need be."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from environment.diagnosis import ERRNO_DIAGNOSES, explain
from environment.errors import FAILED, PREFLIGHT, PreparationFailed
from environment.folder import COMPLETE, TESTS_COMPLETE, Environment
from environment.installation import install
from environment.lock import inherited, locked, open_lock
from environment.places import ROOT, places
from environment.progress import say

MEGABYTES_NEEDED = 400


def prepare(
    requirements: Path,
    *,
    home: Path,
    tests: Path | None = None,
    root: Path = ROOT,
    megabytes: int = MEGABYTES_NEEDED,
) -> Path:
    """The Python of a complete environment, made or repaired if need be.

    `tests` names a second lock whose packages come on top. Raises PreparationFailed.
    """
    for lock in filter(None, (requirements, tests)):
        if not lock.is_file():
            raise PreparationFailed(f"{lock} is missing. Restore it: git checkout -- {lock.name}")
    for folder in places(root, home):
        found = Environment(folder, root, requirements)
        if found.faults(tests) is None:
            return found.python
    environment = Environment(places(root, home)[0], root, requirements)
    try:
        folder, handle = open_lock(places(root, home))
        environment = Environment(folder, root, requirements)
        with handle, locked(folder, handle):
            complete(environment, tests, handle, megabytes)
    except OSError as problem:
        advice = ERRNO_DIAGNOSES.get(problem.errno or 0, "Then run {start} again.")
        code = PREFLIGHT if problem.errno in ERRNO_DIAGNOSES else FAILED
        text = f"The environment could not be made: {problem}\n"
        raise PreparationFailed(
            text + explain(advice, environment, requirements), code
        ) from problem
    return environment.python


def complete(environment: Environment, tests: Path | None, handle: IO[str], megabytes: int) -> None:
    """Do what is still to be done, now that nobody else does it."""
    fault = environment.faults(tests)
    if fault is None:
        return
    tests_are_new = not (environment.folder / TESTS_COMPLETE).exists()
    require_space(environment.folder.parent, megabytes)
    if environment.fault() or not tests_are_new:
        exists = environment.exists_as_ours()
        say(f"Preparing {environment.folder}" + (f" again: {fault}" if exists else ""))
        build(environment, handle)
    if tests:
        add_tests(environment, tests, handle)


def require_space(folder: Path, megabytes: int) -> None:
    free = shutil.disk_usage(folder).free // 2**20
    if free < megabytes:
        raise PreparationFailed(
            f"{folder} has {free} MB free; the environment needs {megabytes} MB."
            " Free some space, or choose another disk: --home FOLDER",
            PREFLIGHT,
        )


def build(environment: Environment, handle: IO[str]) -> None:
    """Make the environment anew, from nothing."""
    environment.step_aside()
    try:
        create(environment, handle)
    except BaseException:
        environment.come_back()
        raise
    try:
        environment.old.discard()
    except OSError as problem:
        say(f"  the former environment could not be removed: {problem}")


def create(environment: Environment, handle: IO[str]) -> None:
    import venv

    environment.folder.mkdir()
    environment.log.touch()
    venv.EnvBuilder(symlinks=os.name != "nt").create(environment.folder)
    install(environment, environment.lock, environment.log, handle)
    source = environment.root / "src"
    # site.py reads .pth files in the locale's encoding
    path_file = environment.packages() / "coreskills.pth"
    path_file.write_text(f"{source}\n", encoding="locale")
    byte_compile(environment, [environment.packages(), source], handle)
    shutil.copyfile(environment.lock, environment.folder / "requirements.lock")
    environment.mark(COMPLETE, environment.lock)


def add_tests(environment: Environment, lock: Path, handle: IO[str]) -> None:
    """Install the test packages on top; a running system keeps its environment meanwhile.

    If this is broken off once pip has begun to write, the log without the marker shows it.
    """
    install(environment, lock, environment.tests_log, handle)
    byte_compile(environment, [environment.packages()], handle)
    environment.mark(TESTS_COMPLETE, lock)


def byte_compile(environment: Environment, folders: Sequence[Path], handle: IO[str]) -> None:
    """Compile what is here, whatever PYTHONDONTWRITEBYTECODE says: it is done once, for speed.

    A file that does not compile is no failure: packages carry templates and files for other
    Pythons. The log names them.
    """
    import subprocess

    writable = [str(folder) for folder in folders if os.access(folder, os.W_OK)]
    command = [str(environment.python), "-I", "-m", "compileall", "-q", "-j", "0", *writable]
    with environment.log.open("ab") as log:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=inherited(handle),
            check=False,
        )
