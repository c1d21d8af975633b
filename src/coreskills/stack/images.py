"""The images of an instance: which it needs, which are here, and how the others are had.

They are fetched or built when an instance is new or the source has changed, never else: after an
installation nothing connects to the outside.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from coreskills import __version__, config
from coreskills.errors import StackFailed
from coreskills.stack.docker import Docker, Report, last_line
from coreskills.stack.project import LOCK, Project
from coreskills.stack.services import SERVICES, Service

PYTHON, PWSH = "CORESKILLS_PYTHON_IMAGE", "CORESKILLS_PWSH_IMAGE"  # what ours are built from
MADE_OF = (
    *("src/coreskills", "powershell/KISDIdentity", "vendor", "requirements-image.lock"),
    "deploy/images/Dockerfile",
)
WITH_PWSH, WITHOUT = "worker", "worker-native"
PULL_WITHIN, BUILD_WITHIN = 1800.0, 1800.0  # seconds, for each image, over a slow line


@dataclass(frozen=True)
class Images:
    """`names` by setting; `without` are services whose image cannot be had."""

    tag: str
    worker: str
    names: dict[str, str]
    without: list[str]

    @property
    def ours(self) -> list[str]:
        return [f"coreskills/{target}:{self.tag}" for target in ("api", self.worker)]


def tag_of(root: Path) -> str:
    """The version, and a digest of all that goes into our images: other source, other images."""
    digest = hashlib.sha256()
    for path in sorted(_files(root), key=lambda path: path.relative_to(root).as_posix()):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return f"{__version__}-{digest.hexdigest()[:12]}"


def locked(root: Path) -> dict[str, str]:
    """Setting -> name of the image, with its digest where one is pinned."""
    lines = (root / LOCK).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def here(docker: Docker, name: str) -> str:
    """The name under which the engine has it, or an empty string. One that came in a bundle has
    lost its digest, which `bundle install` has compared."""
    for candidate in dict.fromkeys((name, name.split("@")[0])):
        if docker.ask("image", "inspect", "--format", "{{.Id}}", candidate).code == 0:
            return candidate
    return ""


def present(project: Project) -> Images | None:
    """What is here; None unless an instance can be started with it."""
    tag, names, without = tag_of(project.root), wanted(project), []
    for service in with_image():
        found = here(project.docker, names[service.image])
        if found:
            names[service.image] = found
        elif service.needed:
            return None
        else:
            without.append(service.name)
    # Where PowerShell's image is, ours is built anew rather than going on without.
    for worker in (WITH_PWSH,) if here(project.docker, names[PWSH]) else (WITH_PWSH, WITHOUT):
        images = Images(tag, worker, names, without)
        if all(here(project.docker, name) for name in images.ours):
            return images
    return None


def obtain(project: Project, report: Report) -> Images:
    """Fetch what is missing. Raises StackFailed for what an instance cannot do without."""
    names = wanted(project)
    for service in with_image():
        if not here(project.docker, names[service.image]):
            said = _pull(project, names[service.image], report)
            if said and service.needed:
                raise _unobtainable(names[service.image], said, project)
            if said:
                report(f"{service.name}: not here, going on without it: {said}")
    if present(project) is None and not here(project.docker, names[PYTHON]):
        said = _pull(project, names[PYTHON], report)
        if said:
            raise _unobtainable(names[PYTHON], said, project)
    return _with_ours(project, report)


def wanted(project: Project) -> dict[str, str]:
    """Those of the lock, unless the environment names others, as a school's own registry has."""
    names = locked(project.root)
    return {name: project.docker.environment.get(name) or names[name] for name in names}


def certificates() -> dict[str, str]:
    """What builds and containers trust besides the usual ones."""
    extra = config.load_operation().extra_ca
    return {"CORESKILLS_EXTRA_CA": str(Path(extra).resolve())} if extra else {}


def with_image() -> list[Service]:
    return [service for service in SERVICES if service.image]


def _with_ours(project: Project, report: Report) -> Images:
    found = present(project)
    if found:
        return found
    names, worker = wanted(project), WITH_PWSH
    if not here(project.docker, names[PWSH]):
        said = _pull(project, names[PWSH], report)
        if said:
            worker = WITHOUT
            report(f"worker: without PowerShell, whose image cannot be had: {said}")
    _build(project, tag_of(project.root), worker, report)
    built = present(project)
    if built is None:
        raise _unbuilt(project, "the engine does not have them afterwards")
    return built


def _build(project: Project, tag: str, worker: str, report: Report) -> None:
    """`project.settings` must be there; what they say of tag and worker is not looked at."""
    report(f"building the images {tag} (once for each version of the source)")
    settings = {"CORESKILLS_IMAGE_TAG": tag, "CORESKILLS_WORKER_TARGET": worker}
    docker = Docker(project.docker.program, project.docker.environment | settings)
    code = docker.watched(
        project.words("build", "api", "worker"), project.log, BUILD_WITHIN, report
    )
    if code:
        end = project.log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
        raise _unbuilt(project, "the end of what was said:\n" + "\n".join(end))


def _pull(project: Project, name: str, report: Report) -> str:
    """Why it could not be had, or an empty string."""
    report(f"pulling {name}")
    code = project.docker.watched(["pull", name], project.log, PULL_WITHIN, report)
    if not code:
        return ""
    return last_line(project.log.read_text(encoding="utf-8", errors="replace"))


def _files(root: Path) -> Iterable[Path]:
    for name in MADE_OF:
        place = root / name
        found = [place] if place.is_file() else place.rglob("*")
        yield from (p for p in found if p.is_file() and "__pycache__" not in p.parts)


def _unobtainable(name: str, said: str, project: Project) -> StackFailed:
    return StackFailed(
        f"The image {name} cannot be had: {said}",
        check="images.pull",
        fix=f"docker pull {name}; without network: docs/howto/offline-class.md",
        exit_code=4,
    )


def _unbuilt(project: Project, why: str) -> StackFailed:
    return StackFailed(
        f"The images could not be built: {why}",
        check="images.build",
        fix=f"see {project.log}; behind a proxy that reads TLS set CORESKILLS_EXTRA_CA",
        exit_code=4,
    )
