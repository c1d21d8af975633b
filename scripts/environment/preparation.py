"""An environment made, repaired or renewed, as far as need be."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from environment.diagnosis import another_place, system_failure
from environment.errors import PREFLIGHT, PreparationFailed
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
        raise system_failure(environment, problem) from problem
    return environment.python


def complete(environment: Environment, tests: Path | None, handle: IO[str], megabytes: int) -> None:
    """Do what is still to be done, now that nobody else does it."""
    fault = environment.faults(tests)
    if fault is None:
        return
    tests_are_new = not (environment.folder / TESTS_COMPLETE).exists()
    require_space(environment, megabytes)
    with readable_for_all():
        if environment.fault() or not tests_are_new:
            exists = environment.exists_as_ours()
            say(f"Preparing {environment.folder}" + (f" again: {fault}" if exists else ""))
            build(environment, handle)
        if tests:
            add_tests(environment, tests, handle)


@contextmanager
def readable_for_all() -> Iterator[None]:
    """Whatever the umask: no package is a secret, and root's servers run under another account."""
    former = os.umask(0o022)
    os.umask(former & ~0o055)
    try:
        yield
    finally:
        os.umask(former)


def require_space(environment: Environment, megabytes: int) -> None:
    folder = environment.folder.parent
    free = shutil.disk_usage(folder).free // 2**20
    if free < megabytes:
        raise PreparationFailed(
            f"{folder} has {free} MB free; the environment needs {megabytes} MB."
            f" Free some space, or {another_place(environment)}",
            PREFLIGHT,
        )


def build(environment: Environment, handle: IO[str]) -> None:
    """Make the environment anew, from nothing."""
    environment.step_aside()
    try:
        create(environment, handle)
    except BaseException:  # Ctrl-C, too: the old one comes back
        environment.come_back()
        raise
    try:
        environment.old.discard()
    except OSError as problem:
        say(f"  the former environment could not be removed: {problem}")


def create(environment: Environment, handle: IO[str]) -> None:
    environment.folder.mkdir()
    environment.log.touch()
    create_empty(environment)
    install(environment, environment.lock, environment.log, handle)
    source = environment.root / "src"
    path_file = environment.packages() / "coreskills.pth"
    path_file.write_text(path_line(source) + "\n", encoding="ascii")
    byte_compile(environment, [environment.packages(), source], handle)
    shutil.copyfile(environment.lock, environment.folder / "requirements.lock")
    environment.mark(COMPLETE, environment.lock)


def create_empty(environment: Environment) -> None:
    import venv

    try:
        venv.EnvBuilder(symlinks=os.name != "nt").create(environment.folder)
    except ValueError as problem:  # a path with the separator of PATH, or one that is no text
        raise PreparationFailed(
            f"There can be no Python environment in {environment.folder}:\n  {problem}\n"
            "Rename or move the folder, so that its path has only ordinary characters.",
            PREFLIGHT,
        ) from problem


def path_line(source: Path) -> str:
    """A line of a .pth file that adds a folder, in ASCII.

    site.py reads these files in the encoding of the locale, which may differ from run to run, and
    ends Python if it cannot.
    """
    if str(source).isascii():
        return str(source)
    return f"import os, sys; sys.path.append(os.fsdecode({os.fsencode(source)!r}))"


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
