"""A class bundle: all that a seat needs, in one folder or archive, with sums and a signature.

bundle.json      what is in it, and for which system
source.tar       the repository at one commit: program, labs, docs
wheels/          the packages of requirements.lock
images/          of docker save; none in a bundle for the native mode
install.py       installs it, with nothing but Python
SHA256SUMS       of every file above
SHA256SUMS.sig   Ed25519 signature of that list
signer.pem       the public key; its fingerprint is told to the seats by other means
"""

import base64
import hashlib
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from coreskills.errors import StackFailed

ABOUT, SOURCE, WHEELS, IMAGES, INSTALLER = (
    *("bundle.json", "source.tar", "wheels", "images", "install.py"),
)
SUMS, SIGNATURE, SIGNER = "SHA256SUMS", "SHA256SUMS.sig", "signer.pem"
UNLISTED = (SUMS, SIGNATURE, SIGNER)
FOLDER = "coreskills-bundle"  # in an archive
Report = Callable[[str], None]


def fingerprint(key: Ed25519PublicKey) -> str:
    """128 bits of the key's SHA-256, in groups that can be read out."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    text = hashlib.sha256(raw).hexdigest()[:32]
    return "-".join(text[place : place + 4] for place in range(0, len(text), 4))


def seal(folder: Path) -> str:
    """List, sum and sign what is in the folder, with a key of its own that is then forgotten.
    Returns the fingerprint."""
    key = Ed25519PrivateKey.generate()
    lines = [f"{sum_of(folder / name)}  {name}\n" for name in _files(folder)]
    sums = "".join(lines).encode()
    (folder / SUMS).write_bytes(sums)
    (folder / SIGNATURE).write_bytes(base64.b64encode(key.sign(sums)) + b"\n")
    public = key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / SIGNER).write_bytes(pem)
    return fingerprint(public)


def verify(folder: Path, expected: str | None, report: Report) -> dict[str, Any]:
    """What bundle.json says, after everything was found as it was signed.

    `expected` is the signer's fingerprint; without it only the bundle itself is proven to be whole.
    Raises StackFailed that names the first file which is not as it was.
    """
    key = _signer(folder)
    found = fingerprint(key)
    if expected is not None and expected.strip().lower() != found:
        raise _untrue(SIGNER, f"the key of another signer, {found}", "bundle.signer")
    sums = _read(folder, SUMS)
    try:
        key.verify(base64.b64decode(_read(folder, SIGNATURE)), sums)
    except (InvalidSignature, ValueError) as exc:
        raise _untrue(SUMS, "not what was signed", "bundle.signature") from exc
    wanted = _listed(sums.decode())
    report(f"signed by {found}; comparing {len(wanted)} files")
    _compare(folder, wanted)
    about: dict[str, Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    return about | {"fingerprint": found, "files": len(wanted)}


def _compare(folder: Path, wanted: dict[str, str]) -> None:
    for name, digest in wanted.items():
        if not (folder / name).is_file():
            raise _untrue(name, "missing", "bundle.files")
        if sum_of(folder / name) != digest:
            raise _untrue(name, "not what was signed", "bundle.files")
    for name in _files(folder):
        if (folder / name).is_symlink():
            raise _untrue(name, "a link, which no bundle has", "bundle.files")
        if name not in wanted:
            raise _untrue(name, "not in the list that was signed", "bundle.files")


@contextmanager
def opened(place: Path) -> Iterator[Path]:
    """The folder of a bundle; an archive is unpacked for as long as that takes."""
    if place.is_dir():
        yield place
        return
    with TemporaryDirectory(prefix="coreskills-bundle-") as folder:
        try:
            with tarfile.open(place) as archive:
                archive.extractall(folder, filter="data")
        except (OSError, tarfile.TarError) as exc:
            raise StackFailed(
                f"{place} is no bundle: {exc}",
                check="bundle.opens",
                fix="the folder or the .tar that coreskills bundle create has made",
                exit_code=2,
            ) from exc
        yield Path(folder) / FOLDER


def listed(folder: Path) -> list[str]:
    """Every file that belongs to the bundle."""
    return [*_listed(_read(folder, SUMS).decode()), *UNLISTED]


def sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _listed(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        digest, _, name = line.partition("  ")
        path = PurePosixPath(name)
        if not name or path.is_absolute() or ".." in path.parts:
            raise _untrue(SUMS, f"with a line that names no file of the bundle: {line}")
        found[name] = digest
    return found


def _files(folder: Path) -> list[str]:
    """A link to a folder, too: what is behind it would be in no list, and be installed."""
    found = (p for p in folder.rglob("*") if p.is_symlink() or not p.is_dir())
    names = (p.relative_to(folder).as_posix() for p in found)
    return sorted(name for name in names if name not in UNLISTED)


def _signer(folder: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(_read(folder, SIGNER))
    except ValueError as exc:
        raise _untrue(SIGNER, "no key", "bundle.signer") from exc
    if not isinstance(key, Ed25519PublicKey):
        raise _untrue(SIGNER, "no Ed25519 key", "bundle.signer")
    return key


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as exc:
        raise _untrue(name, f"not to be read: {exc.strerror}") from exc


def _untrue(name: str, why: str, check: str = "bundle.files") -> StackFailed:
    return StackFailed(
        f"{name} is {why}",
        check=check,
        fix="copy the bundle again, and compare the fingerprint with the one you were told",
    )
