"""Making a class bundle from this checkout: its newest commit, the packages, the images."""

import json
import platform
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from coreskills import __version__, config
from coreskills.errors import StackFailed
from coreskills.stack import bundle, compose_preflight, images
from coreskills.stack.docker import Docker, Report, find, last_line
from coreskills.stack.home import Home
from coreskills.stack.project import ROOT, Project

DOWNLOAD_WITHIN, SAVE_WITHIN = 1800.0, 900.0  # seconds
INSTALLER = Path("scripts") / "install_bundle.py"


@dataclass(frozen=True)
class Made:
    place: Path
    fingerprint: str
    mebibytes: int
    about: dict[str, Any]


def create(
    place: Path, docker: Docker | None, report: Report, *, archive: bool, root: Path = ROOT
) -> Made:
    """A new folder, or a .tar of it. Without `docker` it serves the native mode only."""
    if place.exists():
        raise _refused(f"{place} is there already", "bundle.place", "name another")
    partial = place.with_name(place.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        about = _fill(partial, docker, root, report)
        report("summing up and signing")
        signer = bundle.seal(partial)
        size = sum(path.stat().st_size for path in partial.rglob("*") if path.is_file())
        _put(partial, place, archive=archive)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Made(place, signer, round(size / 2**20), about)


def engine(*, must: bool, report: Report) -> Docker | None:
    """The Docker that images can be saved from. Raises StackFailed if there `must` be one."""
    docker = find()
    why = compose_preflight.obstacle(docker)
    if why and must:
        raise _refused(f"No images can be saved: {why}", "bundle.images", "--no-images")
    report(f"without images, for the native mode only: {why}" if why else "with images")
    return None if why else docker


def _fill(folder: Path, docker: Docker | None, root: Path, report: Report) -> dict[str, Any]:
    commit = _source(folder / bundle.SOURCE, root, report)
    with TemporaryDirectory(prefix="coreskills-source-") as name:
        source = Path(name)
        with tarfile.open(folder / bundle.SOURCE) as tree:
            tree.extractall(source, filter="data")
        shutil.copyfile(source / INSTALLER, folder / bundle.INSTALLER)
        _wheels(source, folder / bundle.WHEELS, root, report)
        saved = _images(source, folder / bundle.IMAGES, docker, report)
    about = {
        "format": 1,
        "version": __version__,
        "commit": commit,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "system": sysconfig.get_platform(),
        "wheels": len(list((folder / bundle.WHEELS).iterdir())),
        "images": saved,
    }
    text = json.dumps(about, indent=2) + "\n"
    (folder / bundle.ABOUT).write_text(text, encoding="utf-8")
    return about


def _source(target: Path, root: Path, report: Report) -> str:
    """The newest commit, whose id is returned."""
    commit = _git(root, "rev-parse", "HEAD")
    if _git(root, "status", "--porcelain"):
        report(f"what is not committed is not in the bundle; it has {commit[:12]}")
    _git(root, "archive", "--format=tar", f"--output={target}", "HEAD")
    return commit


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words],
            env=config.for_docker(),
            capture_output=True,
            text=True,
            timeout=60,
        )
    except OSError as exc:
        raise _refused("There is no git here", "bundle.source", "install git") from exc
    if done.returncode:
        raise _refused(
            f"{root} is no clone of the repository: {last_line(done.stderr)}",
            "bundle.source",
            "create bundles in a git clone",
        )
    return done.stdout.strip()


def _wheels(source: Path, folder: Path, root: Path, report: Report) -> None:
    """Those of the lock, for this system and Python. From `wheels/` if it is there, as pip does
    for an installation."""
    report("fetching the packages")
    pip = next((source / "vendor").glob("pip-*.whl")) / "pip"
    here = root / "wheels"
    offline = ["--no-index", "--find-links", str(here)] if here.is_dir() else []
    done = subprocess.run(
        [
            *(sys.executable, "-I", str(pip), "download", "--require-hashes", "--no-deps"),
            *("--only-binary", ":all:", "--progress-bar", "off", "--no-input", *offline),
            *("--disable-pip-version-check", "--quiet", "--dest", str(folder)),
            *("--requirement", str(source / "requirements.lock")),
        ],
        env=config.for_pip(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DOWNLOAD_WITHIN,
    )
    if done.returncode:
        raise _refused(
            f"The packages cannot be had: {last_line(done.stderr)}",
            "bundle.wheels",
            "docs/howto/school-network.md: proxy, certificates, mirror, wheels/",
        )


def _images(
    source: Path, folder: Path, docker: Docker | None, report: Report
) -> list[dict[str, str]]:
    """Those of this source, fetched or built first if need be. Ours share one file, as they share
    most of what is in them."""
    folder.mkdir()
    if docker is None:
        return []
    with TemporaryDirectory(prefix="coreskills-bundle-") as name:
        home = Home(Path(name))
        home.create(None)
        project = Project(home, docker, source)
        found = images.present(project)
        if found is None:
            project.save({"CORESKILLS_SECRETS": name} | images.certificates())
            found = images.obtain(project, report)
    with_image = {s.image for s in images.with_image() if s.name not in found.without}
    files = {"coreskills.tar": found.ours}
    files |= {f"{_plain(found.names[i])}.tar": [found.names[i]] for i in sorted(with_image)}
    for file, names in files.items():
        report(f"saving {', '.join(names)}")
        docker.said("save", "--output", str(folder / file), *names, within=SAVE_WITHIN)
    return [
        {"file": f"{bundle.IMAGES}/{file}", "name": name, "id": _id(docker, name)}
        for file, names in files.items()
        for name in names
    ]


def _id(docker: Docker, name: str) -> str:
    return docker.said("image", "inspect", "--format", "{{.Id}}", name)


def _plain(name: str) -> str:
    return name.split("@")[0].replace("/", "-").replace(":", "-")


def _put(partial: Path, place: Path, *, archive: bool) -> None:
    if not archive:
        partial.rename(place)
        return
    with tarfile.open(place, "w") as made:
        made.add(partial, bundle.FOLDER)


def _refused(message: str, check: str, fix: str) -> StackFailed:
    return StackFailed(message, check=check, fix=fix, exit_code=4)
