"""Programs that no wheel brings: fetched, checked, unpacked into the home, without root.

From the vendor's release; where that is out of reach, from the distribution's package, if what is
in it runs without being installed. Only when somebody asks for it by name; nothing else of this
program goes to the network.
"""

import platform
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from coreskills import config
from coreskills.errors import Fault, Invalid, StackFailed
from coreskills.stack import archives, debian
from coreskills.stack.archives import Report, failed
from coreskills.stack.home import Home

_VERSION = re.compile(r"[\w.+-]{1,64}\Z")  # it becomes the name of a folder
_GO_SYSTEMS = {"linux": "linux", "darwin": "darwin", "win32": "windows"}
_GO_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Tool:
    """`programs`: what it is called, in an archive and on PATH. `archive`: how its vendor names a
    release. `package`: of Debian and those after it; empty where they have none. `apart`: what is
    in that package runs without being installed."""

    name: str
    title: str
    version: str
    releases: str
    sums: str
    programs: tuple[str, ...]
    archive: str
    zipped: str
    package: str = ""
    apart: bool = False
    systems: dict[str, str] = field(default_factory=lambda: _GO_SYSTEMS)
    machines: dict[str, str] = field(default_factory=lambda: _GO_MACHINES)

    def archive_name(
        self, version: str, system: str = sys.platform, machine: str = platform.machine()
    ) -> str:
        """Raises StackFailed for a system the vendor builds nothing for."""
        known, cpu = self.systems.get(system), self.machines.get(machine.lower())
        if not (known and cpu):
            raise failed(
                self.name, "tools.system", f"There is no {self.title} for {system} {machine}"
            )
        pattern = self.zipped if system == "win32" else self.archive
        return pattern.format(version=version, system=known, machine=cpu)


PWSH = Tool(
    "pwsh",
    "PowerShell",
    "7.5.4",
    "https://github.com/PowerShell/PowerShell/releases/download",
    "hashes.sha256",
    ("pwsh", "pwsh.exe"),
    "powershell-{version}-{system}-{machine}.tar.gz",
    "PowerShell-{version}-{system}-{machine}.zip",
    systems={"linux": "linux", "darwin": "osx", "win32": "win"},
    machines={"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"},
)
PROMETHEUS = Tool(
    "prometheus",
    "Prometheus",
    "3.5.0",
    "https://github.com/prometheus/prometheus/releases/download",
    "sha256sums.txt",
    ("prometheus", "prometheus.exe"),
    "prometheus-{version}.{system}-{machine}.tar.gz",
    "prometheus-{version}.{system}-{machine}.zip",
    package="prometheus",
    apart=True,  # its pages are read from /usr/share; without them it asks and answers all the same
)
ALERTMANAGER = Tool(
    "alertmanager",
    "Alertmanager",
    "0.28.1",
    "https://github.com/prometheus/alertmanager/releases/download",
    "sha256sums.txt",
    ("alertmanager", "prometheus-alertmanager", "alertmanager.exe"),
    "alertmanager-{version}.{system}-{machine}.tar.gz",
    "alertmanager-{version}.{system}-{machine}.zip",
    package="prometheus-alertmanager",  # which does not start without its /usr/share
)
TOOLS = {tool.name: tool for tool in (PWSH, PROMETHEUS, ALERTMANAGER)}


def install_command(tool: Tool) -> str:
    return f"coreskills tools install {tool.name}, then coreskills stop and coreskills start"


def installed(home: Home, tool: Tool) -> str:
    """The one that was installed last into this home; empty if none was."""
    folders = sorted(home.path.glob(f"tools/{tool.name}-*"), key=lambda p: p.stat().st_mtime_ns)
    found = (archives.program(folder, tool.programs) for folder in reversed(folders))
    return next((str(path) for path in found if path), "")


def find(home: Home, tool: Tool, given: str = "") -> str:
    """The program to use: the one that was given, installed, or is on PATH; empty if there is none.

    Raises Invalid when a path was given and leads nowhere.
    """
    path = config.inherited().get("PATH")
    if given:
        if program := shutil.which(given, path=path):
            return program
        fault = Fault(f"CORESKILLS_{tool.name.upper()}", "bad_setting", "cannot be executed")
        raise Invalid(f"There is no {tool.title} at {given}", [fault])
    on_path = (shutil.which(name, path=path) for name in tool.programs)
    return installed(home, tool) or next((program for program in on_path if program), "")


def install(home: Home, tool: Tool, report: Report, version: str = "", releases: str = "") -> Path:
    """From the vendor, or the distribution, unless a version or an address is asked for."""
    try:
        return download(home, tool, releases or tool.releases, version or tool.version, report)
    except StackFailed as exc:
        if not tool.package or version or releases or not debian.is_here():
            raise
        if not tool.apart:
            fix = f"as root: apt-get install {tool.package}; or {exc.details['fix']}"
            raise StackFailed(exc.message, check="tools.download", fix=fix) from exc
        report(f"{exc.message}; taking the distribution's package, which comes without its pages")
        return from_package(home, tool, report)


def download(home: Home, tool: Tool, releases: str, version: str, report: Report) -> Path:
    """Fetch the vendor's archive and its published checksum; install only if they agree."""
    name = tool.archive_name(version)
    base = f"{releases.rstrip('/')}/v{version}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        wanted = archives.published_sum(
            tool.name, archives.text(tool.name, f"{base}/{tool.sums}"), name
        )
        report(f"fetching {base}/{name}")
        archives.fetch(tool.name, f"{base}/{name}", file)
        return install_file(home, tool, file, wanted, version, report)


def install_file(
    home: Home, tool: Tool, file: Path, sha256: str, version: str, report: Report
) -> Path:
    """Raises StackFailed, and leaves nothing behind, when the file is not what it should be."""
    if not _VERSION.match(version):
        raise failed(tool.name, "tools.version", f"{version!r} is no version")
    archives.verify(tool.name, file, sha256)
    if debian.is_package(file) and not tool.apart:
        why = f"What is in {file.name} does not run without being installed"
        raise failed(tool.name, "tools.package", why)
    report(f"sha256 {sha256.lower()} is right")
    target = home.path / "tools" / f"{tool.name}-{version}"
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        archives.unpack(tool.name, file, partial)
        found = archives.program(partial, tool.programs)
        if found is None:
            raise failed(tool.name, "tools.archive", f"There is no {tool.name} in {file.name}")
        found.chmod(0o755)
    except BaseException:  # Ctrl-C, too: nothing half-unpacked stays
        shutil.rmtree(partial, ignore_errors=True)
        raise
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    return target / found.relative_to(partial)


def from_package(home: Home, tool: Tool, report: Report) -> Path:
    with tempfile.TemporaryDirectory() as folder:
        report(f"fetching the package {tool.package} of this distribution")
        package = debian.fetch(tool.package, Path(folder))
        return install_file(home, tool, package.file, package.sha256, package.version, report)
