"""Tools from their vendor's release, from a package, or from a file: only with the right sum."""

import hashlib
import http.server
import io
import subprocess
import tarfile
import threading
import zipfile
from functools import partial
from pathlib import Path

import pytest

from coreskills.errors import Invalid, StackFailed
from coreskills.stack import debian, tools
from coreskills.stack.home import Home
from coreskills.stack.tools import ALERTMANAGER, PROMETHEUS, PWSH
from tests.conftest import missing

LINUX = PWSH.archive_name(PWSH.version)


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


def tarball(path: Path, name: str = "pwsh") -> Path:
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size, info.mode = 5, 0o644
        archive.addfile(info, io.BytesIO(b"#!/x\n"))
    return path


def sum_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def releases(tmp_path):
    """A vendor on loopback: his folder, and his address."""
    folder = tmp_path / "vendor"
    (folder / "v7.5.4").mkdir(parents=True)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder / "v7.5.4", f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def quiet(_: str) -> None:
    """Nobody watches."""


def download(home, address):
    return tools.download(home, PWSH, address, PWSH.version, quiet)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_release_is_fetched_verified_and_unpacked(home, releases, encoding):
    folder, address = releases
    file = tarball(folder / LINUX)
    lines = f"{'0' * 64} *other.zip\r\n{sum_of(file).upper()} *{LINUX}\r\n"
    (folder / "hashes.sha256").write_bytes(lines.encode(encoding))
    found = download(home, address)
    assert found == home.path / "tools" / "pwsh-7.5.4" / "pwsh"
    assert found.stat().st_mode & 0o111
    assert tools.installed(home, PWSH) == str(found)


def test_an_archive_that_is_not_what_the_vendor_published_is_refused(home, releases):
    folder, address = releases
    file = tarball(folder / LINUX)
    (folder / "hashes.sha256").write_text(f"{sum_of(file)} *{LINUX}\n")
    file.write_bytes(file.read_bytes() + b"!")
    with pytest.raises(StackFailed) as failed:
        download(home, address)
    assert failed.value.check == "tools.checksum"
    assert tools.installed(home, PWSH) == ""


def test_without_a_published_checksum_nothing_is_fetched(home, releases):
    folder, address = releases
    tarball(folder / LINUX)
    (folder / "hashes.sha256").write_text(f"{'0' * 64} *{LINUX}.old\n")
    with pytest.raises(StackFailed, match="publishes no checksum"):
        download(home, address)


def test_a_vendor_who_does_not_answer_is_told_with_the_way_round(home, releases):
    with pytest.raises(StackFailed) as failed:
        download(home, releases[1])
    assert failed.value.check == "tools.download"
    assert "--from FILE" in failed.value.fix


def test_a_file_fetched_before_needs_no_network(home, tmp_path):
    file = tarball(tmp_path / "any-name.tar.gz")
    found = tools.install_file(home, PWSH, file, sum_of(file).upper(), "7.4.13", quiet)
    assert found.parent.name == "pwsh-7.4.13"


def test_a_zip_is_unpacked_too(home, tmp_path):
    file = tmp_path / "PowerShell.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("pwsh.exe", "MZ")
    assert tools.install_file(home, PWSH, file, sum_of(file), "7.5.4", quiet).name == "pwsh.exe"


@pytest.mark.parametrize("name", ["../../evil", "/evil", "readme.txt"])
def test_an_archive_with_the_right_sum_and_the_wrong_content_leaves_nothing(home, tmp_path, name):
    file = tarball(tmp_path / "x.tar.gz", name)
    with pytest.raises(StackFailed):
        tools.install_file(home, PWSH, file, sum_of(file), "7.5.4", quiet)
    assert list((home.path / "tools").iterdir()) == []
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("version", ["x/../../../elsewhere", "", "..\\x", "1\n"])
def test_what_is_no_version_is_no_folder(home, tmp_path, version):
    file = tarball(tmp_path / "x.tar.gz")
    with pytest.raises(StackFailed) as failed:
        tools.install_file(home, PWSH, file, sum_of(file), version, quiet)
    assert failed.value.check == "tools.version"
    assert not home.path.exists()


def test_the_newest_installation_is_used(home, tmp_path):
    file = tarball(tmp_path / "x.tar.gz")
    for version in ("7.5.4", "7.4.13"):
        found = tools.install_file(home, PWSH, file, sum_of(file), version, quiet)
    assert tools.installed(home, PWSH) == str(found)


@pytest.mark.parametrize(
    ("tool", "system", "machine", "name"),
    [
        (PWSH, "linux", "x86_64", "powershell-1.2-linux-x64.tar.gz"),
        (PWSH, "linux", "aarch64", "powershell-1.2-linux-arm64.tar.gz"),
        (PWSH, "darwin", "arm64", "powershell-1.2-osx-arm64.tar.gz"),
        (PWSH, "win32", "AMD64", "PowerShell-1.2-win-x64.zip"),
        (PROMETHEUS, "linux", "x86_64", "prometheus-1.2.linux-amd64.tar.gz"),
        (PROMETHEUS, "darwin", "arm64", "prometheus-1.2.darwin-arm64.tar.gz"),
        (ALERTMANAGER, "win32", "AMD64", "alertmanager-1.2.windows-amd64.zip"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_every_system_has_its_archive(tool, system, machine, name):
    assert tool.archive_name("1.2", system, machine) == name


def test_a_system_without_an_archive_is_told():
    with pytest.raises(StackFailed, match="no PowerShell for"):
        PWSH.archive_name("7.5.4", "sunos5", "sparc")


def test_a_program_in_a_folder_of_the_archive_is_found(home, tmp_path):
    file = tarball(tmp_path / "x.tar.gz", "prometheus-1.2.linux-amd64/prometheus")
    found = tools.install_file(home, PROMETHEUS, file, sum_of(file), "1.2", quiet)
    assert found.parent.name == "prometheus-1.2.linux-amd64"
    assert tools.find(home, PROMETHEUS) == str(found)


@pytest.fixture
def package(tmp_path) -> Path:
    """One that dpkg-deb has built; its script would leave a trace if it ran."""
    if not debian.is_here():
        missing("dpkg-deb")
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        "Package: prometheus\nVersion: 1:2.0+ds-1\nArchitecture: all\n"
        "Maintainer: nobody <nobody@example.org>\nDescription: of a test\n"
    )
    script = tree / "DEBIAN" / "postinst"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/it-ran\n")
    script.chmod(0o755)
    (tree / "usr" / "bin").mkdir(parents=True)
    (tree / "usr" / "bin" / "prometheus").write_text("#!/x\n")
    file = tmp_path / "prometheus_2.0_all.deb"
    subprocess.run(["dpkg-deb", "--build", tree, file], check=True, capture_output=True)
    return file


def test_a_package_is_taken_apart_and_nothing_of_it_runs(home, tmp_path, package):
    found = tools.install_file(home, PROMETHEUS, package, sum_of(package), "2.0", quiet)
    assert found == home.path / "tools" / "prometheus-2.0" / "usr" / "bin" / "prometheus"
    assert found.stat().st_mode & 0o111
    assert not (tmp_path / "it-ran").exists()


def test_a_program_that_is_a_link_out_of_its_package_is_left_alone(home, tmp_path, package):
    program, elsewhere = tmp_path / "tree" / "usr" / "bin" / "prometheus", tmp_path / "elsewhere"
    elsewhere.write_text("of this machine")
    elsewhere.chmod(0o600)
    program.unlink()
    program.symlink_to(elsewhere)
    file = tmp_path / "prometheus_2.1_all.deb"
    subprocess.run(["dpkg-deb", "--build", tmp_path / "tree", file], check=True)
    with pytest.raises(StackFailed, match="There is no prometheus in"):
        tools.install_file(home, PROMETHEUS, file, sum_of(file), "2.1", quiet)
    assert elsewhere.stat().st_mode & 0o777 == 0o600


def test_a_package_with_another_sum_is_refused(home, package):
    with pytest.raises(StackFailed) as failed:
        tools.install_file(home, PROMETHEUS, package, "0" * 64, "2.0", quiet)
    assert failed.value.check == "tools.checksum"
    assert not (home.path / "tools").exists()


def test_a_package_that_has_to_be_installed_is_not_taken_apart(home, package):
    with pytest.raises(StackFailed, match="does not run without being installed"):
        tools.install_file(home, ALERTMANAGER, package, sum_of(package), "2.0", quiet)


def test_the_package_of_the_distribution_runs_without_being_installed(home):
    """The real one; where the distribution's servers are out of reach there is nothing to see."""
    if not debian.is_here():
        missing("apt-get")
    try:
        found = tools.from_package(home, PROMETHEUS, quiet)
    except StackFailed as exc:
        pytest.skip(f"the distribution cannot be reached: {exc.message}")
    done = subprocess.run([found, "--version"], capture_output=True, text=True)
    assert "prometheus, version" in done.stdout + done.stderr
    assert tools.installed(home, PROMETHEUS) == str(found)


def test_a_path_that_was_given_and_leads_nowhere_is_told(home):
    with pytest.raises(Invalid, match="no Prometheus at"):
        tools.find(home, PROMETHEUS, "/nowhere/prometheus")
