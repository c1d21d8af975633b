"""A bundle is as it was signed, or the file that is not is named; and only its files are served."""

import http.client
import io
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from coreskills.errors import StackFailed
from coreskills.stack import bundle, bundle_serving

ROOT = Path(__file__).parents[2]
FILES = {
    "bundle.json": b'{"format": 1}',
    "source.tar": b"the source",
    "install.py": b"print()",
    "wheels/one-1.0-py3-none-any.whl": b"a package",
    "images/coreskills.tar": b"an image",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / bundle.FOLDER
    for name, content in FILES.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(content)
    return made


@pytest.fixture
def signer(folder: Path) -> str:
    return bundle.seal(folder)


def refusal(folder: Path, signer: str | None) -> tuple[str, str]:
    with pytest.raises(StackFailed) as caught:
        bundle.verify(folder, signer, lambda _: None)
    return caught.value.message, caught.value.check


def test_what_was_signed_is_whole(folder: Path, signer: str):
    found = bundle.verify(folder, signer, lambda _: None)
    assert found == {"format": 1, "fingerprint": signer, "files": len(FILES)}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_which_one_bit_differs_is_named(folder: Path, signer: str, name: str):
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    assert refusal(folder, signer) == (f"{name} is not what was signed", "bundle.files")


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone_is_named(folder: Path, signer: str, name: str):
    (folder / name).unlink()
    assert refusal(folder, signer) == (f"{name} is missing", "bundle.files")


def test_a_file_that_came_later_is_named(folder: Path, signer: str):
    (folder / "wheels" / "evil.whl").write_bytes(b"x")
    message, _ = refusal(folder, signer)
    assert message == "wheels/evil.whl is not in the list that was signed"


@pytest.mark.parametrize("name", ["images", "wheels"])
def test_a_folder_that_leads_elsewhere_is_named(folder: Path, signer: str, name: str):
    """What is behind it, nobody has signed: another image would be loaded with ours."""
    elsewhere = folder.parent / "elsewhere"
    (folder / name).rename(elsewhere)
    (elsewhere / "zzz.tar").write_bytes(b"evil")
    (folder / name).symlink_to("../elsewhere")
    assert refusal(folder, signer) == (f"{name} is a link, which no bundle has", "bundle.files")


def test_a_file_that_is_a_link_is_named_for_it_may_be_another_one_a_moment_later(
    folder: Path, signer: str
):
    (folder / "source.tar").rename(folder.parent / "elsewhere")
    (folder / "source.tar").symlink_to("../elsewhere")
    assert refusal(folder, signer)[0] == "source.tar is a link, which no bundle has"


def test_a_list_that_was_made_to_fit_does_not_bear_the_signature(folder: Path, signer: str):
    before = bundle.sum_of(folder / "source.tar")
    (folder / "source.tar").write_bytes(b"other source")
    sums = folder / bundle.SUMS
    sums.write_text(sums.read_text().replace(before, bundle.sum_of(folder / "source.tar")))
    assert refusal(folder, signer) == ("SHA256SUMS is not what was signed", "bundle.signature")


def test_a_bundle_that_somebody_else_signed_is_only_whole(folder: Path, signer: str):
    other = bundle.seal(folder)
    assert other != signer
    assert bundle.verify(folder, None, lambda _: None)["fingerprint"] == other
    assert refusal(folder, signer)[1] == "bundle.signer"


@pytest.mark.parametrize("name", bundle.UNLISTED)
def test_without_list_signature_or_key_nothing_is_believed(folder: Path, signer: str, name: str):
    (folder / name).unlink()
    assert refusal(folder, signer)[0].startswith(f"{name} is not to be read")


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd"])
def test_a_list_may_name_nothing_outside(folder: Path, name: str):
    (folder / bundle.SUMS).write_text(f"{'0' * 64}  {name}\n")
    with pytest.raises(StackFailed, match="names no file of the bundle"):
        bundle.listed(folder)


def test_an_archive_is_opened_as_its_folder(folder: Path, signer: str, tmp_path: Path):
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        archive.add(folder, bundle.FOLDER)
    with bundle.opened(tmp_path / "b.tar") as place:
        assert bundle.verify(place, signer, lambda _: None)["files"] == len(FILES)
    with pytest.raises(StackFailed, match="is no bundle"), bundle.opened(folder / "source.tar"):
        pass


@pytest.mark.parametrize("module", ["argparse", "hashlib", "tarfile"])
def test_the_installer_runs_nothing_that_lies_beside_it(tmp_path: Path, module: str):
    shutil.copyfile(ROOT / "scripts" / "install_bundle.py", tmp_path / "install.py")
    (tmp_path / f"{module}.py").write_text("import sys; sys.exit('evil')")
    command = [sys.executable, tmp_path / "install.py", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def served(folder: Path, signer: str) -> Iterator[http.client.HTTPConnection]:
    server = bundle_serving.server(folder, "127.0.0.1", 0, lambda _: None)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)
    server.shutdown()
    server.server_close()
    thread.join()


def fetched(served: http.client.HTTPConnection, method: str, path: str) -> tuple[int, bytes]:
    served.request(method, path)
    answer = served.getresponse()
    found = answer.status, answer.read()
    served.close()
    return found


@pytest.mark.parametrize("name", [*FILES, *bundle.UNLISTED])
def test_every_file_of_the_bundle_is_served(
    served: http.client.HTTPConnection, folder: Path, name: str
):
    assert fetched(served, "GET", f"/{name}") == (200, (folder / name).read_bytes())


@pytest.mark.parametrize(
    "path",
    ["/", "/wheels", "/wheels/", "/../secret", "/%2e%2e/secret", "//etc/passwd", "/later", "/.git"],
)
def test_nothing_else_is(served: http.client.HTTPConnection, folder: Path, path: str):
    (folder.parent / "secret").write_text("secret")
    (folder / "later").write_text("not signed")
    assert fetched(served, "GET", path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(served: http.client.HTTPConnection, method: str):
    assert fetched(served, method, "/bundle.json")[0] == 501


def test_the_whole_of_it_comes_as_one_archive(
    served: http.client.HTTPConnection, signer: str, tmp_path: Path, folder: Path
):
    _, content = fetched(served, "GET", f"/{bundle_serving.ARCHIVE}")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(tmp_path / "seat", filter="data")
    found = tmp_path / "seat" / bundle.FOLDER
    assert bundle.verify(found, signer, lambda _: None)["fingerprint"] == signer
    shutil.rmtree(folder)  # what the seat has, it has


def test_an_address_of_another_machine_is_refused(folder: Path, signer: str):
    for address in ("192.0.2.1", "everywhere"):
        with pytest.raises(StackFailed) as caught:
            bundle_serving.server(folder, address, 0, lambda _: None)
        assert caught.value.check == "bundle.address"
