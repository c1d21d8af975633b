"""What went wrong, recognised by what pip or the system says about it, and what to do next."""

import errno
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from environment.errors import FAILED, PREFLIGHT, PreparationFailed
from environment.folder import Environment
from environment.progress import read

# The first that fits is taken: a certificate problem also looks like a network problem, and both
# end with "no matching distribution". The system's own words are in the user's language, so its
# numbers are looked for, too. The patterns must not fit a package's name: pip tells them all.
TLS = (
    "The package index was reached, but its certificate is not trusted here: certificate verify"
    " failed.\nThat is usual behind a school's proxy. Get the proxy's CA certificate (a .pem or"
    " .crt file) from the IT department, then\n"
    "{with_certificate}"
)
CERTIFICATE = "  PIP_CERT=/path/to/school-ca.pem {start}\nSSL_CERT_FILE works the same way."
WINDOWS_CERTIFICATE = (
    "  set PIP_CERT=C:\\path\\to\\school-ca.pem\n  {start}\n"
    'In PowerShell the first line is $env:PIP_CERT = "C:\\path\\to\\school-ca.pem".'
)
DISK = (
    "The disk is full. Free space where the environment ({folder}) and the temporary folder"
    " (TMPDIR or TEMP) are, then run {start} again."
)
PERMISSION = (
    "A file could not be written. If CoreSkills is running, stop it first ({stop})."
    " If files here belong to somebody else, remove {folder} as that user, or {elsewhere}"
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
    (
        r"No space left on device|not enough space on the disk|quota exceeded"
        rf"|\[Errno ({errno.ENOSPC}|{errno.EDQUOT})\]|\[WinError 112\]",
        PREFLIGHT,
        DISK,
    ),
    (r"DO NOT MATCH THE HASHES", FAILED, HASHES),
    (
        r"Permission denied|Access is denied|Read-only file system"
        rf"|\[Errno ({errno.EACCES}|{errno.EROFS})\]|\[WinError (5|32)\]",
        PREFLIGHT,
        PERMISSION,
    ),
    (
        r"Failed to establish a new connection|Connection(Error| refused| reset| aborted)|timed out"
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


def system_failure(environment: Environment, problem: OSError) -> PreparationFailed:
    known = problem.errno in ERRNO_DIAGNOSES
    advice = ERRNO_DIAGNOSES.get(problem.errno or 0, "Then run {start} again.")
    return PreparationFailed(
        f"The environment could not be made: {problem}\n"
        + explain(advice, environment, environment.lock),
        PREFLIGHT if known else FAILED,
    )


def another_place(environment: Environment) -> str:
    """How to have the environment elsewhere: a home is only used where the checkout cannot be."""
    if environment.folder.parent == environment.root:
        return f"move {environment.root} to another disk or folder"
    return "choose another disk or folder: --home FOLDER"


def explain(
    advice: str, environment: Environment, lock: Path, windows: bool = os.name == "nt"
) -> str:
    import sysconfig

    version = ".".join(map(str, sys.version_info[:3]))
    command, script = "py -3" if windows else "python3", Path(sys.argv[0]).name
    start = f"{command} {script if script in ('start.py', 'test.py') else 'start.py'}"
    return advice.format(
        start=start,
        stop=f"{command} stop.py",
        with_certificate=(WINDOWS_CERTIFICATE if windows else CERTIFICATE).format(start=start),
        elsewhere=another_place(environment),
        folder=environment.folder,
        wheels=environment.root / "wheels",
        lock=lock.name,
        platform=f"Python {version} on {sysconfig.get_platform()}",
    )
