"""A bundle, made here, installs and proves a job on a machine without any network."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from coreskills.stack import bundle
from tests.conftest import missing
from tests.e2e.checkout import BASE_PYTHON, clean_variables
from tests.e2e.conftest import free_row

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
ALONE = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


@dataclass(frozen=True)
class Made:
    folder: Path
    fingerprint: str


def coreskills(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "coreskills", "bundle", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def space() -> Iterator[Path]:
    """Which other accounts may pass through, as the servers' must."""
    path = Path(tempfile.mkdtemp(prefix="coreskills-bundle-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def made(space: Path) -> Made:
    if not (ROOT / ".git").exists():
        missing("a git clone")
    done = coreskills("create", space / "bundle", "--no-images", "--json")
    assert done.returncode == 0, done.stderr
    return Made(space / "bundle", json.loads(done.stdout)["fingerprint"])


@pytest.fixture
def copy(made: Made, tmp_path: Path) -> Made:
    """One to be tampered with."""
    shutil.copytree(made.folder, tmp_path / "copy")
    return Made(tmp_path / "copy", made.fingerprint)


@pytest.fixture
def alone() -> list[str]:
    """What runs a command where nothing but loopback is."""
    probe = [*ALONE, "true"]
    if shutil.which("unshare") is None or subprocess.run(probe, check=False).returncode:
        missing("a network namespace (root, on Linux, with iproute2)")
    return ALONE


def install(made: Made, into: Path, *before: str) -> subprocess.CompletedProcess[str]:
    command = [*before, str(BASE_PYTHON), str(made.folder / "install.py")]
    return subprocess.run(
        [*command, "--fingerprint", made.fingerprint, "--into", str(into)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd="/",
        env=clean_variables(),
    )


def test_a_seat_without_network_is_installed_and_proves_a_job(
    made: Made, space: Path, alone: list[str]
):
    outside = [*alone, str(BASE_PYTHON), "-c", "import socket; socket.create_connection(('192.0.2."
               "1', 80), 2)"]  # fmt: skip
    assert subprocess.run(outside, capture_output=True, check=False).returncode
    done = install(made, space / "seat", *alone)
    assert done.returncode == 0, done.stderr
    home = ["--home", str(space / "seat-home")]
    start = ["start.py", *home, "--mode", "native", "--port-base", str(free_row()), "--json"]
    seat = {"cwd": space / "seat", "env": clean_variables(), "text": True, "timeout": 120}
    # Start and stop in one namespace: its loopback ends with it.
    script = 'python=$1; shift; "$python" "$@" && "$python" stop.py --home "$3"'
    command = [*alone, "sh", "-c", script, "sh", str(BASE_PYTHON), *start]
    # the keywords come as one dict
    started = subprocess.run(command, capture_output=True, **seat)  # type: ignore[call-overload]
    assert started.returncode == 0, started.stderr
    assert "a job made the round trip" in started.stderr
    facts, _ = json.JSONDecoder().raw_decode(started.stdout)
    assert facts["round_trip_ms"] > 0
    again = install(made, space / "seat")
    assert again.returncode == 0, "an installation of the same bundle goes on where it was"


@pytest.mark.parametrize("name", ["install.py", "source.tar", "wheels", "bundle.json"])
def test_a_file_that_was_tampered_with_is_refused_by_its_name(
    copy: Made, tmp_path: Path, name: str
):
    path = copy.folder / name
    path = sorted(path.iterdir())[0] if path.is_dir() else path
    with path.open("ab") as file:
        file.write(b"\n")
    name = path.relative_to(copy.folder).as_posix()
    for done in (
        install(copy, tmp_path / "seat"),
        coreskills("verify", copy.folder, "--fingerprint", copy.fingerprint),
    ):
        assert done.returncode == 1
        assert f"{name} is not" in done.stderr
    assert not (tmp_path / "seat").exists()


def test_nothing_stays_of_a_bundle_that_somebody_else_has_signed(copy: Made, tmp_path: Path):
    """Its sums fit, so that only the signer's key gives it away."""
    bundle.seal(copy.folder)
    done = install(copy, tmp_path / "seat")
    assert done.returncode == 1
    assert "signer.pem is the key of another signer" in done.stderr
    assert not (tmp_path / "seat").exists()


def test_a_bundle_for_another_python_says_which(copy: Made, tmp_path: Path):
    about = copy.folder / "bundle.json"
    about.write_text(about.read_text().replace(f'"3.{sys.version_info.minor}"', '"3.99"'))
    done = install(copy, tmp_path / "seat")
    assert done.returncode == 4
    assert "This bundle is for Python 3.99" in done.stderr


def test_a_folder_with_something_else_in_it_is_left_alone(made: Made, tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("months of work")
    done = install(made, tmp_path)
    assert done.returncode == 5
    assert "Choose another folder" in done.stderr
    assert (tmp_path / "thesis.txt").read_text() == "months of work"


def test_it_is_served_to_the_class_until_somebody_ends_it(made: Made, tmp_path: Path):
    command = [sys.executable, "-u", "-m", "coreskills", "bundle", "serve", str(made.folder)]
    server = subprocess.Popen(
        [*command, "--address", "127.0.0.1", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    server.stdout.readline()
    address = server.stdout.readline().split()[-1]
    urllib.request.urlretrieve(address, tmp_path / "bundle.tar")
    verified = coreskills("verify", tmp_path / "bundle.tar", "--fingerprint", made.fingerprint)
    assert verified.returncode == 0, verified.stderr
    server.send_signal(signal.SIGINT)
    assert server.wait(timeout=10) == 130
    server.stdout.close()
    assert os.listdir(tmp_path) == ["bundle.tar"]


def test_serving_needs_an_address(made: Made):
    done = coreskills("serve", made.folder)
    assert done.returncode == 2
    assert "--address" in done.stderr
