"""What start.py, stop.py, test.py and scripts/ do: prepare the environment, then hand over."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from environment.errors import INTERRUPTED, PreparationFailed
from environment.folder import COMPLETE, Environment
from environment.places import LOCK, ROOT, TEST_LOCK, home_folder, places
from environment.preparation import prepare
from environment.progress import say


def start(arguments: Sequence[str]) -> NoReturn:
    run("start", arguments)


def run(verb: str, arguments: Sequence[str]) -> NoReturn:
    """Prepare the environment if need be, then become this verb of the CLI."""
    python = explained(lambda: prepare(LOCK, home=home_folder(arguments)))
    forget_other_packages()
    hand_over(python, [verb, *arguments])


def stop(arguments: Sequence[str]) -> NoReturn:
    """Stop with any environment that was ever complete: an outdated one can still do that."""
    for folder in places(ROOT, explained(lambda: home_folder(arguments))):
        for candidate in (Environment(folder, ROOT, LOCK), Environment(folder, ROOT, LOCK).old):
            if all(map(os.path.exists, (candidate.folder / COMPLETE, candidate.python))):
                forget_other_packages()
                # of this folder, even if the environment was made before it was moved here
                os.environ["PYTHONPATH"] = str(ROOT / "src")
                hand_over(candidate.python, ["stop", *arguments])
    say("There is no environment yet, so nothing was started from here.")
    sys.exit(0)


def prepared_for_tests() -> str:
    python = explained(lambda: prepare(LOCK, home=home_folder([]), tests=TEST_LOCK))
    forget_other_packages()
    return str(python)


def explained(make: Callable[[], Path]) -> Path:
    """The result of `make`; a failure is told and ends this process with its exit code."""
    try:
        return make()
    except PreparationFailed as problem:
        say(str(problem))
        sys.exit(problem.code)
    except KeyboardInterrupt:
        say("\nInterrupted. The next run begins the environment anew.")
        sys.exit(INTERRUPTED)


def forget_other_packages() -> None:
    """PYTHONPATH and PYTHONHOME of some other project would come before our packages."""
    for name in ("PYTHONPATH", "PYTHONHOME"):
        os.environ.pop(name, None)


def hand_over(python: Path, arguments: Sequence[str]) -> NoReturn:
    """Become the CLI. Where a process cannot be replaced, wait for it and pass its exit code on."""
    import subprocess

    command = [str(python), "-P", "-m", "coreskills", *arguments]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":
        os.execv(python, command)
    process = subprocess.Popen(command)
    while True:
        try:
            sys.exit(process.wait())
        except KeyboardInterrupt:  # the CLI has received it too, and decides
            continue
