"""Packages of a newer Debian, unpacked into a folder: nothing of them is installed.

The engine of Debian 12 does not know `start_interval`, and it has no Compose v2. Those of Debian 13
run on it, but for runc, which is taken from the host.
"""

from pathlib import Path

from tests.compose.programs import run

SUITE = "trixie"
HOST_PROGRAMS = ("runc", "iptables", "debootstrap")  # .ci/run installs their packages
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Packages:
    """`folder` keeps lists and archives, so that each is fetched once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._archives = folder / "archives"
        for path in (folder / "lists" / "partial", self._archives):
            path.mkdir(parents=True, exist_ok=True)
        self._mirror = _mirror()
        sources = folder / "debian.sources"
        sources.write_text(
            f"Types: deb\nURIs: {self._mirror}\nSuites: {SUITE}\nComponents: main\n"
            f"Signed-By: {KEYRING}\n"
        )
        self._options = [
            *("-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=/dev/null"),
            *("-o", f"Dir::State::lists={folder / 'lists'}", "-o", f"Dir::Cache={folder}"),
            *("-o", "APT::Sandbox::User=root"),
        ]
        run(["apt-get", "-qq", *self._options, "update"])

    def unpack(self, names: list[str], target: Path) -> Path:
        """Returns the folder; what an earlier run unpacked is there already."""
        if target.exists():
            return target
        here = self._folder / target.name
        here.mkdir(exist_ok=True)
        run(["apt-get", "-qq", *self._options, "download", *names], cwd=here)
        partial = target.with_suffix(".partial")
        for archive in here.glob("*.deb"):
            run(["dpkg", "-x", archive, partial])
        return partial.rename(target)

    def bootstrap(self, target: Path, names: list[str]) -> None:
        """The smallest Debian there is, and these."""
        run(
            [
                *("debootstrap", "--variant=minbase", f"--include={','.join(names)}"),
                *(f"--cache-dir={self._archives}", SUITE, target, self._mirror),
            ]
        )


def _mirror() -> str:
    """Where this machine gets Debian from."""
    form = "$(LABEL) $(COMPONENT) $(REPO_URI)"
    for line in run(["apt-get", "indextargets", "--format", form]).stdout.splitlines():
        label, component, address = line.split()
        if (label, component) == ("Debian", "main"):
            return address
    raise LookupError("apt knows no archive of Debian")
