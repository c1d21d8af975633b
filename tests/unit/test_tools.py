"""PowerShell from its vendor's release, or from a file: only with the right checksum."""

import hashlib
import http.server
import io
import tarfile
import threading
import zipfile
from functools import partial
from pathlib import Path

import pytest

from coreskills.errors import StackFailed
from coreskills.stack import tools
from coreskills.stack.home import Home

LINUX = tools.Archive("7.5.4", "linux", "x86_64")


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


def download(home, address):
    return tools.download_pwsh(home, address, LINUX, lambda _: None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_release_is_fetched_verified_and_unpacked(home, releases, encoding):
    folder, address = releases
    file = tarball(folder / LINUX.name)
    lines = f"{'0' * 64} *other.zip\r\n{sum_of(file).upper()} *{LINUX.name}\r\n"
    (folder / "hashes.sha256").write_bytes(lines.encode(encoding))
    found = download(home, address)
    assert found == home.path / "tools" / "pwsh-7.5.4" / "pwsh"
    assert found.stat().st_mode & 0o111
    assert tools.pwsh_of(home) == str(found)


def test_an_archive_that_is_not_what_the_vendor_published_is_refused(home, releases):
    folder, address = releases
    file = tarball(folder / LINUX.name)
    (folder / "hashes.sha256").write_text(f"{sum_of(file)} *{LINUX.name}\n")
    file.write_bytes(file.read_bytes() + b"!")
    with pytest.raises(StackFailed) as failed:
        download(home, address)
    assert failed.value.check == "tools.checksum"
    assert tools.pwsh_of(home) == ""


def test_without_a_published_checksum_nothing_is_fetched(home, releases):
    folder, address = releases
    tarball(folder / LINUX.name)
    (folder / "hashes.sha256").write_text(f"{'0' * 64} *{LINUX.name}.old\n")
    with pytest.raises(StackFailed, match="publishes no checksum"):
        download(home, address)


def test_a_vendor_who_does_not_answer_is_told_with_the_way_round(home, releases):
    with pytest.raises(StackFailed) as failed:
        download(home, releases[1])
    assert failed.value.check == "tools.download"
    assert "--from FILE" in failed.value.fix


def test_a_file_fetched_before_needs_no_network(home, tmp_path):
    file = tarball(tmp_path / "any-name.tar.gz")
    found = tools.install_pwsh(home, file, sum_of(file).upper(), "7.4.13", lambda _: None)
    assert found.parent.name == "pwsh-7.4.13"


def test_a_zip_is_unpacked_too(home, tmp_path):
    file = tmp_path / "PowerShell.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("pwsh.exe", "MZ")
    assert tools.install_pwsh(home, file, sum_of(file), "7.5.4", lambda _: None).name == "pwsh.exe"


@pytest.mark.parametrize("name", ["../../evil", "/evil", "readme.txt"])
def test_an_archive_with_the_right_sum_and_the_wrong_content_leaves_nothing(home, tmp_path, name):
    file = tarball(tmp_path / "x.tar.gz", name)
    with pytest.raises(StackFailed):
        tools.install_pwsh(home, file, sum_of(file), "7.5.4", lambda _: None)
    assert list((home.path / "tools").iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_the_newest_installation_is_used(home, tmp_path):
    file = tarball(tmp_path / "x.tar.gz")
    for version in ("7.5.4", "7.4.13"):
        found = tools.install_pwsh(home, file, sum_of(file), version, lambda _: None)
    assert tools.pwsh_of(home) == str(found)


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("linux", "x86_64", "powershell-7.5.4-linux-x64.tar.gz"),
        ("linux", "aarch64", "powershell-7.5.4-linux-arm64.tar.gz"),
        ("darwin", "arm64", "powershell-7.5.4-osx-arm64.tar.gz"),
        ("win32", "AMD64", "PowerShell-7.5.4-win-x64.zip"),
    ],
)
def test_every_system_has_its_archive(system, machine, name):
    assert tools.Archive("7.5.4", system, machine).name == name


def test_a_system_without_an_archive_is_told():
    with pytest.raises(StackFailed, match="no PowerShell for"):
        _ = tools.Archive("7.5.4", "sunos5", "sparc").name
