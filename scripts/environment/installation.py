"""Packages, exactly those of a lock file, installed by the vendored pip."""

import hashlib
import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from environment.diagnosis import pip_failure
from environment.errors import PreparationFailed
from environment.folder import Environment
from environment.lock import LONGEST_WAIT, inherited
from environment.progress import Progress, doing, packages, say

PIP = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
UNWANTED = {
    *("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_DRY_RUN", "PIP_QUIET"),
    *("PIP_REQUIREMENT", "PIP_EDITABLE"),
}


def install(environment: Environment, lock: Path, log: Path, handle: IO[str]) -> None:
    """Run the vendored pip with exactly the files that the lock names."""
    begin = time.monotonic()
    pip = checked_pip(environment.root) / "pip"
    command = [str(environment.python), "-I", str(pip), "install", "--require-hashes"]
    command += ["--only-binary", ":all:", "--no-compile", "--progress-bar", "off", "--no-input"]
    command += ["--disable-pip-version-check", "-r", str(lock), *offline(environment.root)]
    if run_pip(command, log, handle):
        raise pip_failure(environment, lock, log)
    if missing := missing_packages(environment, log):
        raise PreparationFailed(
            f"pip has installed {missing[0]}, but not into {environment.folder}. One of its"
            " settings leads elsewhere (target, prefix or root).\nFind it with: pip config list\n"
            "Then remove it, or leave all of them out for this once: set PIP_CONFIG_FILE to"
            f" {os.devnull}"
        )
    seconds = time.monotonic() - begin
    say(f"  {lock.name}: {len(packages(log))} packages installed in {seconds:.1f} s")


def missing_packages(environment: Environment, log: Path) -> list[str]:
    """What pip says it has installed and is not there."""
    found = {
        normalised(entry.name.partition("-")[0])
        for entry in environment.packages().glob("*.dist-info")
    }
    return [name for name in packages(log) if normalised(name) not in found]


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def offline(root: Path) -> list[str]:
    wheels = root / "wheels"
    return ["--no-index", "--find-links", str(wheels)] if wheels.is_dir() else []


def checked_pip(root: Path) -> Path:
    wheel = root / "vendor" / PIP
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != PIP_SHA256:
        raise PreparationFailed(
            f"{wheel} is not the file it should be (its sha256 is {found}).\n"
            "Restore it: git checkout -- vendor"
        )
    return wheel


def pip_variables(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The user's own settings for pip, without those that would install other things, elsewhere."""
    kept = {name: value for name, value in environ.items() if name not in UNWANTED}
    if "PIP_CERT" in kept:  # pip itself would let a REQUESTS_CA_BUNDLE that is set override it
        kept["REQUESTS_CA_BUNDLE"] = kept["PIP_CERT"]
    # constraints of some other project; a variable also counts more than pip's own settings
    return kept | {"PIP_USER": "0", "PIP_CONSTRAINT": os.devnull}


def run_pip(command: Sequence[str], log: Path, handle: IO[str]) -> int:
    """Run pip, writing to the log and reporting progress; its exit code."""
    import subprocess

    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=pip_variables(),
            pass_fds=inherited(handle),
        )
    try:
        return watch(process.poll, log)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()


def watch(poll: Callable[[], int | None], log: Path) -> int:
    """Report progress until `poll` gives an exit code."""
    begin = time.monotonic()
    progress = Progress(sys.stderr)
    while (code := poll()) is None:
        seconds = time.monotonic() - begin
        if seconds > LONGEST_WAIT:
            raise PreparationFailed(
                f"pip was stopped after {seconds:.0f} s; its output is in {log}"
            )
        progress.show(doing(log), seconds)
        time.sleep(0.1)
    progress.end()
    return code
