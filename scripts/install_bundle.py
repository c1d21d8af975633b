#!/usr/bin/env python3
"""Installs CoreSkills from the bundle that this file lies in, without any network.

    python3 install.py --fingerprint FINGERPRINT --into FOLDER

Standard library only: on the machine of a seat there is nothing else yet. First every file is
compared with the list of sums; then the packages are installed, each with the hash of the lock; by
these the list's signature is checked. Nothing stays in FOLDER if anything of that fails. Whether
this file is the one that was signed, it cannot say itself: see docs/howto/offline-class.md.
"""

import sys

sys.path.pop(0)  # the bundle's folder: a json.py in it would run before any sum is compared

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sysconfig
import tarfile
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).resolve().parent
SUMS, ABOUT, SOURCE, MARK = "SHA256SUMS", "bundle.json", "source.tar", ".bundle"
FAILED, PREFLIGHT, CONFLICT = 1, 4, 5
VERIFY = (
    "import sys; from start import bootstrap;"
    " bootstrap().run('bundle', ['verify', sys.argv[1], '--fingerprint', sys.argv[2]])"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=Path, default=Path.home() / "coreskills")
    parser.add_argument("--fingerprint", required=True, help="as `bundle create` printed it")
    given = parser.parse_args()
    into = given.into.expanduser().resolve()
    require_this_system()
    check_sums()
    if not is_unpacked(into):
        unpack(into)
    if packages(into, given.fingerprint):
        shutil.rmtree(into, ignore_errors=True)
        fail(f"Nothing was installed, and {into} was removed.", FAILED)
    load_images()
    python = "py -3" if os.name == "nt" else "python3"
    tell(f"CoreSkills is installed. Start it:\n  cd {into}\n  {python} start.py")


def require_this_system() -> None:
    """Packages are of one system and one Python."""
    about = json.loads((HERE / ABOUT).read_text(encoding="utf-8"))
    has = {"python": f"{sys.version_info[0]}.{sys.version_info[1]}", "system": system()}
    if any(about[name] != has[name] for name in has):
        fail(
            f"This bundle is for Python {about['python']} on {about['system']};"
            f" here is Python {has['python']} on {has['system']}.\n"
            f"Run it with python{about['python']}, or have a bundle made on a machine like this.",
            PREFLIGHT,
        )


def system() -> str:
    return sysconfig.get_platform()


def check_sums() -> None:
    wanted = {}
    for line in (HERE / SUMS).read_text(encoding="utf-8").splitlines():
        wanted[line[66:]] = line[:64]
    tell(f"Comparing {len(wanted)} files with their sums")
    for name, digest in wanted.items():
        path = HERE / name
        if not path.is_file():
            fail(f"{name} is missing. Copy the bundle again.", FAILED)
        if sum_of(path) != digest:
            fail(f"{name} is not the file it should be. Copy the bundle again.", FAILED)


def sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_unpacked(into: Path) -> bool:
    """An installation of this very bundle that was broken off goes on."""
    if not into.exists() or not any(into.iterdir()):
        return False
    mark = into / MARK
    if mark.exists() and mark.read_text() == sum_of(HERE / SUMS):
        return True
    fail(f"{into} is there already. Choose another folder: --into FOLDER", CONFLICT)


def unpack(into: Path) -> None:
    tell(f"Unpacking into {into}")
    partial = into.with_name(into.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with tarfile.open(HERE / SOURCE) as archive:
        if hasattr(tarfile, "data_filter"):  # since Python 3.11.4
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(partial)
    shutil.copytree(HERE / "wheels", partial / "wheels")
    (partial / MARK).write_text(sum_of(HERE / SUMS))
    if into.exists():
        into.rmdir()
    partial.rename(into)


def packages(into: Path, fingerprint: str) -> int:
    """Installs them, and has the signature checked by what was installed. The exit code."""
    command = [sys.executable, "-c", VERIFY, str(HERE), fingerprint]
    return subprocess.call(command, cwd=into)


def load_images() -> None:
    images = sorted((HERE / "images").glob("*.tar"))
    docker = shutil.which("docker")
    if not images:
        return
    if docker is None or subprocess.call(
        [docker, "version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ):
        tell("No Docker engine answers, so the images are left out: CoreSkills runs without.")
        return
    for number, image in enumerate(images, 1):
        tell(f"Loading {image.name} ({number} of {len(images)})")
        if subprocess.call(
            [docker, "load", "--quiet", "--input", str(image)], stdout=subprocess.DEVNULL
        ):
            fail(f"docker load {image} failed; see docker info, then run this again.", FAILED)


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def fail(text: str, code: int) -> NoReturn:
    tell(text)
    sys.exit(code)


if __name__ == "__main__":
    main()
