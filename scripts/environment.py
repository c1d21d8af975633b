"""The Python environment of this project, made before any package is installed.

Standard library only; Python 3.11 or newer, which start.py has checked. Everything said here goes
to standard error: standard output belongs to the command that follows.

An environment is trusted only if its file `complete` fits. That file is written last, so a process
killed at any moment leaves a folder that the next run replaces. The environment that worked before
is kept as FOLDER.old until the new one is complete, and comes back if that fails: a class without
network keeps what it had.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.machinery
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

ROOT = Path(__file__).resolve().parent.parent
PIP = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
LOCK, TEST_LOCK = ROOT / "requirements.lock", ROOT / "requirements-test.lock"
COMPLETE, TESTS_COMPLETE = "complete", "complete-tests"
MEGABYTES_NEEDED = 400
LONGEST_INSTALLATION = 3600.0
FAILED, PREFLIGHT, INTERRUPTED = 1, 4, 130


class PreparationFailed(Exception):
    """The environment could not be made. The message says what happened and what to do next."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def machine() -> str:
    if sys.platform == "win32":
        return ""  # part of the name of its extension modules
    return os.uname().machine


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


# What can go wrong during an installation, recognised by what pip or the system says about it.
# The first that fits is taken: a certificate problem also looks like a network problem, and both
# end with "no matching distribution".
TLS = (
    "The package index was reached, but its certificate is not trusted here: certificate verify"
    " failed.\nThat is usual behind a school's proxy. Get the proxy's CA certificate (a .pem or"
    " .crt file) from the IT department, then\n"
    "  PIP_CERT=/path/to/school-ca.pem {start}\n"
    "SSL_CERT_FILE works the same way."
)
DISK = (
    "The disk is full. Free space where the environment ({folder}) and the temporary folder"
    " (TMPDIR or TEMP) are, then run {start} again."
)
PERMISSION = (
    "A file could not be written. If CoreSkills is running, stop it first (python3 stop.py)."
    " If files here belong to somebody else, remove {folder} as that user, or choose a folder of"
    " your own: {start} --home FOLDER"
)
NETWORK = (
    "The package index cannot be reached. Check the network; behind a proxy set HTTPS_PROXY; with"
    " a mirror set PIP_INDEX_URL. Without network, put the wheels into {wheels} and run {start}"
    " again."
)
HASHES = (
    "A downloaded file is not the one named in {lock}. Something between here and the package"
    " index changes files, or the lock is damaged: git checkout -- {lock}, then {start}"
)
NO_WHEEL = (
    "There is no ready-made package for this system ({platform}), or your mirror does not have the"
    " version. Use a Python from 3.11 to 3.13 and the complete index, or run CoreSkills with Docker"
    " (compose.yaml). If {wheels} exists it must hold a wheel of every package in {lock}."
)
NO_SSL = "This Python was built without SSL. Use one from your distribution or from python.org."
DIAGNOSES: Sequence[tuple[str, int, str]] = (
    (r"certificate verify failed|CERTIFICATE_VERIFY_FAILED", PREFLIGHT, TLS),
    (r"SSL module is not available", PREFLIGHT, NO_SSL),
    (r"No space left on device|not enough space on the disk|quota exceeded", PREFLIGHT, DISK),
    (r"DO NOT MATCH THE HASHES", FAILED, HASHES),
    (r"Permission denied|Access is denied|Read-only file system", PREFLIGHT, PERMISSION),
    (
        r"Failed to establish a new connection|Connection(Error| refused| reset)|timed? ?out"
        r"|name resolution|getaddrinfo failed|Network is unreachable|NewConnectionError"
        r"|RemoteDisconnected|ProxyError|Tunnel connection failed|SSLError|HTTP error",
        PREFLIGHT,
        NETWORK,
    ),
    (r"No matching distribution|Could not find a version", FAILED, NO_WHEEL),
)
ERRNO_DIAGNOSES = {
    errno.ENOSPC: DISK,
    errno.EDQUOT: DISK,
    errno.EACCES: PERMISSION,
    errno.EPERM: PERMISSION,
    errno.EROFS: PERMISSION,
}


@dataclass(frozen=True)
class Environment:
    """One environment folder and what it is made from."""

    folder: Path
    root: Path
    lock: Path

    @property
    def python(self) -> Path:
        windows = os.name == "nt"
        return self.folder / ("Scripts/python.exe" if windows else "bin/python")

    @property
    def log(self) -> Path:
        return self.folder / "install.log"

    @property
    def tests_log(self) -> Path:
        return self.folder / "install-tests.log"

    @property
    def old(self) -> Environment:
        folder = self.folder.with_name(self.folder.name + ".old")
        return Environment(folder, self.root, self.lock)

    def digest(self, lock: Path) -> str:
        """The lock, this Python's binary interface, and both places, as one number."""
        python = sys.implementation.cache_tag + importlib.machinery.EXTENSION_SUFFIXES[0]
        parts = [lock.read_bytes().replace(b"\r", b"")]
        parts += [str(p).encode() for p in (python, machine(), self.root, self.folder.absolute())]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()

    def fault(self, marker: str = COMPLETE, lock: Path | None = None) -> str | None:
        """What keeps this environment from being used, or None if it is complete."""
        try:
            digest, _root, *entries = (self.folder / marker).read_text("utf-8").splitlines()
        except (FileNotFoundError, NotADirectoryError, PermissionError, ValueError):
            return "its installation was not finished"
        if digest != self.digest(lock or self.lock):
            return "it was made from another lock file, for another Python, or in another folder"
        if not (self.folder / TESTS_COMPLETE).exists() and installing(self.tests_log):
            return "the installation of the test packages was not finished"
        missing = [entry for entry in entries if not os.path.exists(self.folder / entry)]
        return f"{missing[0]} is missing" if missing else None

    def faults(self, tests: Path | None) -> str | None:
        return self.fault() or (tests and self.fault(TESTS_COMPLETE, tests)) or None

    def mark(self, marker: str, lock: Path) -> None:
        """Write a marker so that it is either there in full or not at all."""
        packages = sorted(entry.relative_to(self.folder) for entry in self.packages().iterdir())
        entries = [self.python.relative_to(self.folder), *packages]
        lines = [self.digest(lock), str(self.root), *(entry.as_posix() for entry in entries)]
        unfinished = self.folder / (marker + ".tmp")
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.folder / marker)

    def packages(self) -> Path:
        import sysconfig

        base = {"base": str(self.folder), "platbase": str(self.folder)}
        return Path(sysconfig.get_path("purelib", "venv", base))

    def exists_as_ours(self) -> bool:
        """Whether there is a folder; one that is no Python environment stops everything."""
        if not self.folder.is_symlink() and not self.folder.exists():
            return False
        signs = (self.folder / "pyvenv.cfg", self.log)
        if any(sign.exists() for sign in signs) or not any(self.folder.iterdir()):
            return True
        raise PreparationFailed(
            f"{self.folder} is in the way: it is not a Python environment. Move it elsewhere.",
            PREFLIGHT,
        )

    def discard(self) -> None:
        """Remove the folder; its marker first, so that a rest of it is never trusted."""
        (self.folder / COMPLETE).unlink(missing_ok=True)
        if self.folder.is_symlink():
            self.folder.unlink()
        elif self.folder.exists():
            shutil.rmtree(self.folder)

    def step_aside(self) -> None:
        """Make room for a new folder, keeping one that was complete as FOLDER.old."""
        if not self.exists_as_ours():
            return
        if (self.folder / COMPLETE).exists():
            self.old.discard()
            self.folder.rename(self.old.folder)
        else:
            self.discard()

    def come_back(self) -> None:
        """After a failure: give the former environment its place again, with the new log."""
        if not (self.old.folder / COMPLETE).exists():
            return
        log = self.log.read_bytes() if self.log.exists() else b""
        self.discard()
        self.old.folder.rename(self.folder)
        self.log.write_bytes(log)


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


def inherited(handle: IO[str]) -> list[int]:
    """The lock, for a child that writes into the environment.

    If only this process is killed, the next one then waits until the orphan has ended. Windows
    has nothing like it.
    """
    return [] if sys.platform == "win32" else [handle.fileno()]


def install(environment: Environment, lock: Path, log: Path, handle: IO[str]) -> None:
    """Run the vendored pip with exactly the files that the lock names."""
    begin = time.monotonic()
    pip = checked_pip(environment.root) / "pip"
    command = [str(environment.python), "-I", str(pip), "install", "--require-hashes"]
    command += ["--only-binary", ":all:", "--no-compile", "--progress-bar", "off", "--no-input"]
    command += ["--disable-pip-version-check", "-r", str(lock), *offline(environment.root)]
    if run_pip(command, log, handle):
        raise pip_failure(environment, lock, log)
    say(f"  {lock.name}: {installing(log)} packages installed in {time.monotonic() - begin:.1f} s")


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
    """The user's own settings for pip, without those that would install somewhere else."""
    elsewhere = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_DRY_RUN", "PIP_QUIET"}
    kept = {name: value for name, value in environ.items() if name not in elsewhere}
    if "PIP_CERT" in kept:  # pip itself would let a REQUESTS_CA_BUNDLE that is set override it
        kept["REQUESTS_CA_BUNDLE"] = kept["PIP_CERT"]
    return kept | {"PIP_USER": "0"}


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
        if seconds > LONGEST_INSTALLATION:
            raise PreparationFailed(
                f"pip was stopped after {seconds:.0f} s; its output is in {log}"
            )
        progress.show(doing(log), seconds)
        time.sleep(0.1)
    progress.end()
    return code


def read(log: Path) -> str:
    return log.read_text("utf-8", "replace") if log.exists() else ""


def installing(log: Path) -> int:
    """How many packages pip installs; 0 as long as it only collects them."""
    said = re.search(r"^Installing collected packages: (.*)$", read(log), re.MULTILINE)
    return said.group(1).count(",") + 1 if said else 0


def doing(log: Path) -> str:
    if count := installing(log):
        return f"installing {count} packages"
    return f"collecting packages ({read(log).count('Collecting ')} so far)"


class Progress:
    """One line, rewritten each second on a terminal, repeated every ten seconds elsewhere."""

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream
        self.live = stream.isatty()
        self.next = 0.0

    def show(self, text: str, seconds: float) -> None:
        if seconds < self.next:
            return
        self.next = seconds + (1 if self.live else 10)
        line = f"  {text} ... {seconds:.0f} s"
        self.stream.write(f"\r{line:<60}" if self.live else line + "\n")
        self.stream.flush()

    def end(self) -> None:
        if self.live:
            self.stream.write("\r" + " " * 60 + "\r")


def pip_failure(environment: Environment, lock: Path, log: Path) -> PreparationFailed:
    output = read(log)
    tail = "\n".join("  | " + line for line in output.splitlines()[-20:])
    found = (entry for entry in DIAGNOSES if re.search(entry[0], output, re.IGNORECASE))
    _, code, advice = next(
        found, ("", FAILED, "The lines above are pip's. Then run {start} again.")
    )
    return PreparationFailed(
        f"The packages could not be installed.\n{tail}\n"
        f"{explain(advice, environment, lock)}\nFull output: {log}",
        code,
    )


def explain(advice: str, environment: Environment, lock: Path) -> str:
    import sysconfig

    version = ".".join(map(str, sys.version_info[:3]))
    command, script = "py -3" if os.name == "nt" else "python3", Path(sys.argv[0]).name
    return advice.format(
        start=f"{command} {script if script in ('start.py', 'test.py') else 'start.py'}",
        folder=environment.folder,
        wheels=environment.root / "wheels",
        lock=lock.name,
        platform=f"Python {version} on {sysconfig.get_platform()}",
    )


def require_space(folder: Path, megabytes: int) -> None:
    free = shutil.disk_usage(folder).free // 2**20
    if free < megabytes:
        raise PreparationFailed(
            f"{folder} has {free} MB free; the environment needs {megabytes} MB."
            " Free some space, or choose another disk: --home FOLDER",
            PREFLIGHT,
        )


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
    deadline = time.monotonic() + LONGEST_INSTALLATION
    if not try_lock(handle):
        say(f"Another process is preparing {folder}; waiting for it.")
        while not try_lock(handle):
            if time.monotonic() > deadline:
                raise PreparationFailed(f"Gave up waiting for the process preparing {folder}.")
            time.sleep(0.2)
    yield


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


def places(root: Path, home: Path) -> list[Path]:
    return [root / ".venv", home / "environment"]


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


def home_folder(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> Path:
    """The state folder: --home, CORESKILLS_HOME, or this system's usual place."""
    given = environ.get("CORESKILLS_HOME")
    for index, word in enumerate(arguments):
        if word == "--home" and index + 1 < len(arguments):
            given = arguments[index + 1]
        elif word.startswith("--home="):
            given = word.removeprefix("--home=")
    if given:
        return Path(given).expanduser().absolute()
    return usual_base(environ) / "coreskills" / "default"


def usual_base(environ: Mapping[str, str]) -> Path:
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local")
    if os.geteuid() == 0:
        return Path("/var/lib")
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support"
    return Path.home() / ".local/share"


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


def start(arguments: Sequence[str]) -> NoReturn:
    run("start", arguments)


def run(verb: str, arguments: Sequence[str]) -> NoReturn:
    """Prepare the environment if need be, then become this verb of the CLI."""
    python = explained(lambda: prepare(LOCK, home=home_folder(arguments)))
    forget_other_packages()
    hand_over(python, [verb, *arguments])


def stop(arguments: Sequence[str]) -> NoReturn:
    """Stop with any environment that was ever complete: an outdated one can still do that."""
    for folder in places(ROOT, home_folder(arguments)):
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
