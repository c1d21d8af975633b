"""The environment before any package is installed: real Pythons, real installations, real failures.

Each test works in a copy of the few files involved. The packages are tiny wheels made here and
installed from the copy's `wheels` folder or from an index on loopback; only the last test installs
the real lock.
"""

import base64
import contextlib
import hashlib
import http.server
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
if sys.platform == "win32":
    pytest.skip("users, signals and mounts of POSIX systems", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("start.py", "stop.py", "test.py", "coreskills", "coreskills.cmd")
BASE_PYTHON = Path(os.path.realpath(sys.executable))
ORDINARY = "nobody" if os.geteuid() == 0 else None
CLI = """
import json, sys
print(json.dumps({"argv": sys.argv[1:], "input": sys.stdin.read(), "python": sys.executable}))
sys.exit(7)
"""
METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
PREPARE = """
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, "scripts")
from pathlib import Path
import environment
tests = Path("tests.lock") if "tests" in sys.argv else None
megabytes = 0 if "no-preflight" in sys.argv else 1
make = lambda: environment.prepare(
    environment.LOCK, home=environment.home_folder([]), tests=tests, megabytes=megabytes
)
print(environment.explained(make))
"""


@dataclass(frozen=True)
class Wheel:
    """A small package: a module `name` and as many further files as asked for."""

    name: str
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def filename(self) -> str:
        return f"{self.name}-1.0-py3-none-any.whl"

    def write(self, folder: Path) -> None:
        info = f"{self.name}-1.0.dist-info"
        content = {
            f"{self.name}/__init__.py": b"VALUE = 42\n",
            **{f"{self.name}/{path}": data for path, data in self.files.items()},
            f"{info}/METADATA": METADATA.format(name=self.name).encode(),
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        rows = [f"{path},{record_hash(data)},{len(data)}" for path, data in content.items()]
        content[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
        folder.mkdir(exist_ok=True)
        with zipfile.ZipFile(folder / self.filename, "w") as archive:
            for path, data in content.items():
                archive.writestr(zipfile.ZipInfo(path), data, zipfile.ZIP_DEFLATED)


def record_hash(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"


def lock_line(wheel: Wheel, folder: Path) -> str:
    digest = hashlib.sha256((folder / wheel.filename).read_bytes()).hexdigest()
    return f"{wheel.name}==1.0 --hash=sha256:{digest}\n"


class Checkout:
    """A copy of the files that the bootstrap needs, with a stand-in for the CLI."""

    def __init__(self, folder: Path, state: Path) -> None:
        self.folder = folder
        self.environment = folder / ".venv"
        folder.mkdir(parents=True)
        for name in COPIED:
            shutil.copy(ROOT / name, folder)
        shutil.copytree(ROOT / "vendor", folder / "vendor")
        (folder / "scripts").mkdir()
        shutil.copy(ROOT / "scripts/environment.py", folder / "scripts")
        package = folder / "src/coreskills"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(CLI)
        self.variables = clean_variables() | {"CORESKILLS_HOME": str(state), "HOME": str(state)}
        self.require(Wheel("apple"))

    def require(
        self, *wheels: Wheel, name: str = "requirements.lock", into: str = "wheels"
    ) -> None:
        for wheel in wheels:
            wheel.write(self.folder / into)
        lines = [lock_line(wheel, self.folder / into) for wheel in wheels]
        (self.folder / name).write_text("".join(lines))

    def command(self, *words: str, python: Path = BASE_PYTHON) -> list[str]:
        return [str(python), "-c", PREPARE, *words]

    def prepare(
        self, *words: str, python: Path = BASE_PYTHON, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return self.run(self.command(*words, python=python), **variables)

    def run(
        self, command: list[str], user: str | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.variables | variables,
            user=user,
            group="nogroup" if user else None,
            extra_groups=[] if user else None,
            input="typed in",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def begin(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words),
            cwd=self.folder,
            env=self.variables | variables,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def value_of(self, package: str) -> str:
        code = f"import {package}, coreskills; print({package}.VALUE)"
        return self.run([str(self.environment / "bin/python"), "-c", code]).stdout.strip()

    def package(self, name: str) -> Path:
        (found,) = self.environment.glob(f"lib/python*/site-packages/{name}")
        return found


def clean_variables() -> dict[str, str]:
    """This process's variables without anything that would lead pip elsewhere."""
    unwanted = ("PIP_", "PYTHON", "CORESKILLS_", "SSL_", "VIRTUAL_ENV")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(unwanted) and not name.lower().endswith("_proxy")
    } | {"PIP_CONFIG_FILE": os.devnull}


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "a checkout", tmp_path / "state")


@pytest.fixture
def online(checkout: Checkout) -> Checkout:
    """A checkout without a wheels folder: its packages have to come from an index."""
    (checkout.folder / "wheels").rename(checkout.folder / "served")
    return checkout


class Index(http.server.ThreadingHTTPServer):
    """A package index on loopback. While `open` is not set, it keeps those who ask waiting."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), IndexHandler)
        self.folder = folder
        self.open = threading.Event()
        self.asked = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed, or refused our certificate, is what these tests are about."""


class IndexHandler(http.server.BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        self.server.asked.set()
        self.server.open.wait(60)
        wheels = sorted(self.server.folder.glob("*.whl"))
        body = "".join(f'<a href="/{w.name}">{w.name}</a>' for w in wheels).encode()
        if self.path.endswith(".whl"):
            body = (self.server.folder / Path(self.path).name).read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextlib.contextmanager
def serving(folder: Path, tls: ssl.SSLContext | None = None) -> Iterator[Index]:
    index = Index(folder)
    if tls:
        index.socket = tls.wrap_socket(index.socket, server_side=True)
    thread = threading.Thread(target=index.serve_forever, daemon=True)
    thread.start()
    try:
        yield index
    finally:
        index.open.set()
        index.shutdown()
        index.server_close()
        thread.join()


def address(index: Index, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{index.server_port}/simple"


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_packages_of_the_lock_and_our_own_source_can_be_imported(checkout: Checkout) -> None:
    done = checkout.prepare()
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(checkout.environment / "bin/python")
    assert checkout.value_of("apple") == "42"


def test_a_second_run_does_nothing_and_is_quick(checkout: Checkout) -> None:
    checkout.prepare()
    before = (checkout.environment / "complete").stat().st_mtime_ns
    code = PREPARE.replace(
        "print(environment.explained(make))",
        "import time; t = time.perf_counter(); make(); print(time.perf_counter() - t)",
    )
    again = checkout.run([str(BASE_PYTHON), "-c", code])
    assert again.stderr == ""
    assert float(again.stdout) < 0.03
    assert (checkout.environment / "complete").stat().st_mtime_ns == before


def test_everything_is_compiled_even_where_python_is_told_not_to(checkout: Checkout) -> None:
    checkout.prepare(PYTHONDONTWRITEBYTECODE="1")
    assert list(checkout.package("apple").glob("__pycache__/__init__.*.pyc"))
    assert list(checkout.folder.glob("src/coreskills/__pycache__/__main__.*.pyc"))


def test_a_python_without_ensurepip_is_enough(checkout: Checkout, tmp_path: Path) -> None:
    python = python_without_ensurepip(tmp_path / "distribution")
    ordinary = checkout.run([str(python), "-m", "venv", str(tmp_path / "ordinary")])
    assert ordinary.returncode != 0, "this Python should not be able to install pip"
    done = checkout.prepare(python=python)
    assert done.returncode == 0, done.stderr
    assert checkout.value_of("apple") == "42"


def python_without_ensurepip(folder: Path) -> Path:
    """This Python with its own copy of the standard library's folder, in which ensurepip lacks."""
    library = Path(os.__file__).parent
    copy = folder / "lib" / library.name
    copy.mkdir(parents=True)
    for entry in library.iterdir():
        if entry.name not in ("ensurepip", "site-packages", "dist-packages"):
            (copy / entry.name).symlink_to(entry)
    (folder / "bin").mkdir()
    python = folder / "bin" / library.name
    shutil.copy(BASE_PYTHON, python)
    asked = subprocess.run(
        [python, "-c", "import os, ensurepip"], capture_output=True, text=True, check=False
    )
    if "No module named 'ensurepip'" not in asked.stderr:
        pytest.skip(f"this Python cannot be copied: {asked.stderr or 'it found its own library'}")
    return python


def test_test_packages_come_on_top_of_the_same_environment(checkout: Checkout) -> None:
    checkout.prepare()
    before = (checkout.environment / "complete").read_text()
    checkout.require(Wheel("apple"), Wheel("berry"), name="tests.lock")
    assert checkout.prepare("tests").returncode == 0
    assert (checkout.value_of("apple"), checkout.value_of("berry")) == ("42", "42")
    assert (checkout.environment / "complete").read_text() == before
    assert checkout.prepare("tests").stderr == ""
    assert checkout.prepare().stderr == ""


def test_somebody_elses_folder_is_not_removed(checkout: Checkout) -> None:
    checkout.environment.mkdir()
    (checkout.environment / "thesis.txt").write_text("the only copy")
    done = checkout.prepare()
    assert done.returncode == 4
    assert "is in the way" in done.stderr
    assert (checkout.environment / "thesis.txt").read_text() == "the only copy"


def test_a_package_that_was_deleted_comes_back(checkout: Checkout) -> None:
    checkout.prepare()
    shutil.rmtree(checkout.package("apple"))
    done = checkout.prepare()
    assert done.returncode == 0
    assert "apple is missing" in done.stderr
    assert checkout.value_of("apple") == "42"


def test_a_moved_checkout_gets_a_new_environment(checkout: Checkout, tmp_path: Path) -> None:
    checkout.prepare()
    checkout.folder = checkout.folder.rename(tmp_path / "moved")
    checkout.environment = checkout.folder / ".venv"
    assert "in another folder" in checkout.prepare().stderr
    origin = "import coreskills; print(coreskills.__file__)"
    found = checkout.run([str(checkout.environment / "bin/python"), "-c", origin])
    assert str(tmp_path / "moved") in found.stdout


def test_an_environment_whose_python_is_gone_is_rebuilt(checkout: Checkout) -> None:
    checkout.prepare()
    python = checkout.environment / "bin/python"
    python.unlink()
    python.symlink_to("/nonexistent/python3")
    assert "bin/python is missing" in checkout.prepare().stderr
    assert checkout.value_of("apple") == "42"


def test_an_environment_of_another_python_version_is_rebuilt(checkout: Checkout) -> None:
    other = other_python({"3.11", "3.12", "3.13"} - {f"3.{sys.version_info.minor}"})
    checkout.prepare(python=other)
    assert "for another Python" in checkout.prepare().stderr
    assert checkout.value_of("apple") == "42"


@pytest.mark.parametrize(
    "moment", ["apple", "slow/file9.py", "slow/file900.py", "slow-1.0.dist-info"]
)
def test_after_kill_9_during_the_installation_the_next_run_repairs(
    checkout: Checkout, moment: str
) -> None:
    many = {f"file{number}.py": b"x = 1\n" * 50 for number in range(1000)}
    checkout.require(Wheel("apple"), Wheel("slow", many), Wheel("zebra"))
    process = checkout.begin()
    library = checkout.environment / f"lib/python3.{sys.version_info.minor}/site-packages"
    wait_for((library / moment).exists)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (checkout.environment / "complete").exists()
    done = checkout.prepare()
    assert done.returncode == 0, done.stderr
    assert "was not finished" in done.stderr
    assert {checkout.value_of(name) for name in ("apple", "slow", "zebra")} == {"42"}


@pytest.mark.parametrize(
    ("moment", "repaired"), [("install-tests.log", False), ("slow/file900.py", True)]
)
def test_start_repairs_what_a_killed_test_installation_has_touched(
    online: Checkout, moment: str, repaired: bool
) -> None:
    many = {f"file{number}.py": b"x = 1\n" * 50 for number in range(1000)}
    online.require(Wheel("apple"), Wheel("slow", many), name="tests.lock", into="served")
    with serving(online.folder / "served") as index:
        index.open.set()
        url = address(index)
        assert online.prepare(PIP_INDEX_URL=url).returncode == 0
        if not repaired:
            index.open.clear()
        process = online.begin("tests", PIP_INDEX_URL=url)
        library = online.environment / f"lib/python3.{sys.version_info.minor}/site-packages"
        wait_for((library / moment if repaired else online.environment / moment).exists)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        index.open.set()
        done = online.prepare(PIP_INDEX_URL=url)
        assert done.returncode == 0, done.stderr
        assert ("test packages was not finished" in done.stderr) == repaired
        assert online.prepare("tests", PIP_INDEX_URL=url).returncode == 0
    assert online.value_of("slow") == "42"


def test_a_failed_renewal_leaves_the_former_environment_in_place(checkout: Checkout) -> None:
    checkout.prepare()
    lock = checkout.folder / "requirements.lock"
    former = lock.read_text()
    lock.write_text(former + f"missing==1.0 --hash=sha256:{'0' * 64}\n")
    failed = checkout.prepare()
    assert failed.returncode == 1
    assert "must hold a wheel of every package" in failed.stderr
    assert checkout.value_of("apple") == "42"
    lock.write_text(former)
    assert checkout.prepare().stderr == "", "the former environment should still be complete"


def test_a_second_process_waits_for_the_first_and_says_so(online: Checkout) -> None:
    with serving(online.folder / "served") as index:
        first = online.begin(PIP_INDEX_URL=address(index))
        assert index.asked.wait(30)
        second = online.begin(PIP_INDEX_URL=address(index))
        assert second.stderr is not None
        assert "waiting for it" in second.stderr.readline()
        index.open.set()
        assert second.communicate(timeout=60)[1] == "", "the second had nothing left to do"
        first.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0)
    assert online.value_of("apple") == "42"


def test_the_pip_of_a_killed_start_is_waited_for(online: Checkout) -> None:
    with serving(online.folder / "served") as index:
        first = online.begin(PIP_INDEX_URL=address(index))
        assert index.asked.wait(30)
        first.kill()
        first.communicate()
        assert alive(first.pid), "pip should have outlived its parent"
        second = online.begin(PIP_INDEX_URL=address(index))
        assert second.stderr is not None
        assert "waiting for it" in second.stderr.readline()
        index.open.set()
        rest = second.communicate(timeout=60)[1]
        assert second.returncode == 0, rest
        wait_for(lambda: not alive(first.pid))
    assert online.value_of("apple") == "42"


def test_without_network_the_next_step_is_named(online: Checkout) -> None:
    with serving(online.folder) as index:
        closed = address(index)
    done = online.prepare(PIP_INDEX_URL=closed, PIP_RETRIES="1")
    assert done.returncode == 4
    assert "The package index cannot be reached" in done.stderr
    assert f"put the wheels into {online.folder / 'wheels'}" in done.stderr
    assert "Connection refused" in done.stderr, "pip's own last lines should be shown"
    assert (online.environment / "install.log").read_text()


def test_a_certificate_nobody_trusts_leads_to_the_schools_ca(
    online: Checkout, tmp_path: Path
) -> None:
    certificate, context = own_certificate(tmp_path / "proxy")
    other, _ = own_certificate(tmp_path / "other")
    with serving(online.folder / "served", context) as index:
        index.open.set()
        url = address(index, "https")
        refused = online.prepare(PIP_INDEX_URL=url, PIP_RETRIES="0")
        assert refused.returncode == 4
        assert "certificate verify failed" in refused.stderr
        assert "PIP_CERT=" in refused.stderr
        followed = online.prepare(
            PIP_INDEX_URL=url, PIP_CERT=str(certificate), REQUESTS_CA_BUNDLE=str(other)
        )
    assert followed.returncode == 0, followed.stderr
    assert online.value_of("apple") == "42"


def own_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for 127.0.0.1, and a server context that uses it."""
    if not shutil.which("openssl"):
        pytest.skip("openssl, which makes the certificate, is not installed")
    folder.mkdir()
    certificate, key = folder / "ca.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=School proxy", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


def test_a_changed_download_is_refused(checkout: Checkout) -> None:
    Wheel("apple", {"extra.py": b"not what was locked"}).write(checkout.folder / "wheels")
    done = checkout.prepare()
    assert done.returncode == 1
    assert "is not the one named in requirements.lock" in done.stderr


def test_a_lock_without_hashes_is_refused(checkout: Checkout) -> None:
    (checkout.folder / "requirements.lock").write_text("apple==1.0\n")
    done = checkout.prepare()
    assert done.returncode == 1
    assert "Hashes are required" in done.stderr


def test_a_missing_lock_is_named(checkout: Checkout) -> None:
    (checkout.folder / "requirements.lock").unlink()
    done = checkout.prepare()
    assert done.returncode == 1
    assert "git checkout -- requirements.lock" in done.stderr


def test_a_changed_pip_is_not_run(checkout: Checkout) -> None:
    (wheel,) = checkout.folder.glob("vendor/*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"x")
    done = checkout.prepare()
    assert done.returncode == 1
    assert "git checkout -- vendor" in done.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_too_small_is_refused_beforehand(small_disk: Path, tmp_path: Path) -> None:
    checkout = Checkout(small_disk / "checkout", tmp_path / "state")
    done = checkout.run([str(BASE_PYTHON), "start.py"])
    assert done.returncode == 4
    assert "MB free; the environment needs 400 MB" in done.stderr
    assert not checkout.environment.exists()


def test_a_disk_that_fills_up_is_named_and_the_former_environment_stays(
    small_disk: Path, tmp_path: Path
) -> None:
    checkout = Checkout(small_disk / "checkout", tmp_path / "state")
    assert checkout.prepare().returncode == 0
    checkout.require(Wheel("huge", {"zeros": bytes(40 * 2**20)}))
    done = checkout.prepare("no-preflight", TMPDIR=str(tmp_path))
    assert done.returncode == 4
    assert "The disk is full" in done.stderr
    assert str(checkout.environment) in done.stderr
    assert checkout.value_of("apple") == "42"


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user can reach; pytest's own are private to one."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_an_ordinary_user_on_a_read_only_checkout_gets_it_in_the_home(public_folder: Path) -> None:
    state = public_folder / "state"
    own(state)
    checkout = Checkout(public_folder / "checkout", state)
    checkout.folder.chmod(0o555)
    done = checkout.run(checkout.command(python=ordinary_python()), user=ORDINARY)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(state / "environment/bin/python")
    started = checkout.run([str(checkout.folder / "coreskills"), "status"], user=ORDINARY)
    assert json.loads(started.stdout)["python"] == str(state / "environment/bin/python")
    assert not checkout.environment.exists()


def test_a_home_given_as_an_argument_comes_first(public_folder: Path) -> None:
    checkout = Checkout(public_folder / "checkout", public_folder / "closed")
    mine = public_folder / "mine"
    own(mine)
    checkout.variables["HOME"] = str(public_folder)
    checkout.folder.chmod(0o555)
    python = str(ordinary_python())
    for command in ([python, "start.py"], ["./coreskills", "status"]):
        for option in (["--home", str(mine)], [f"--home={mine}"], ["--home=~/mine"]):
            done = checkout.run([*command, *option], user=ORDINARY)
            assert done.returncode == 7, done.stderr
            assert json.loads(done.stdout)["python"] == str(mine / "environment/bin/python")


def test_without_any_writable_folder_a_home_is_asked_for(public_folder: Path) -> None:
    checkout = Checkout(public_folder / "checkout", public_folder / "closed")
    checkout.folder.chmod(0o555)
    public_folder.chmod(0o555)
    done = checkout.run(checkout.command(python=ordinary_python()), user=ORDINARY)
    public_folder.chmod(0o755)
    assert done.returncode == 4
    assert "--home FOLDER" in done.stderr


def own(folder: Path) -> None:
    """Make a folder that belongs to the ordinary user."""
    folder.mkdir()
    if ORDINARY:
        shutil.chown(folder, ORDINARY)


def ordinary_python() -> Path:
    """A Python that the ordinary user can run; this process's may lie in a private folder."""
    names = [str(BASE_PYTHON), "/usr/bin/python3", "/usr/local/bin/python3"]
    check = "import sys, venv; sys.exit(sys.version_info < (3, 11))"
    for name in names:
        with contextlib.suppress(PermissionError, FileNotFoundError):
            if subprocess.run([name, "-c", check], user=ORDINARY, check=False).returncode == 0:
                return Path(name)
    pytest.skip(f"an ordinary user can run no Python 3.11 among {names}")


def test_start_passes_arguments_input_and_the_exit_code_on(checkout: Checkout) -> None:
    done = checkout.run([str(BASE_PYTHON), "start.py", "--json", "two words"])
    assert done.returncode == 7
    answer = json.loads(done.stdout)
    assert answer["argv"] == ["start", "--json", "two words"]
    assert answer["input"] == "typed in"


def test_stop_without_an_environment_makes_none(checkout: Checkout) -> None:
    done = checkout.run([str(BASE_PYTHON), "stop.py"])
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing was started" in done.stderr
    assert not checkout.environment.exists()


def test_stop_works_with_an_outdated_environment(checkout: Checkout) -> None:
    checkout.prepare()
    (checkout.folder / "requirements.lock").write_text("# newer\n")
    done = checkout.run([str(BASE_PYTHON), "stop.py", "--all"])
    assert done.returncode == 7
    assert json.loads(done.stdout)["argv"] == ["stop", "--all"]


def test_the_launcher_works_through_links_and_from_anywhere(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.prepare()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/first").symlink_to("second")
    (tmp_path / "bin/second").symlink_to(checkout.folder / "coreskills")
    (tmp_path / "json.py").write_text("raise SystemExit('an impostor')")
    checkout.folder = tmp_path  # where the command is called from
    done = checkout.run([str(tmp_path / "bin/first"), "status", "a b"])
    assert done.returncode == 7
    assert json.loads(done.stdout)["argv"] == ["status", "a b"]


def test_the_launcher_says_what_to_run_when_nothing_is_prepared(checkout: Checkout) -> None:
    for prepared in (False, True):
        done = checkout.run([str(checkout.folder / "coreskills"), "status"])
        assert (done.returncode, done.stdout) == (3, "")
        assert "python3 start.py" in done.stderr
        if not prepared:
            checkout.prepare()
            (checkout.folder / "requirements.lock").write_text("# newer\n")


def test_other_packages_on_pythonpath_do_not_get_in(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "coreskills").mkdir()
    (tmp_path / "coreskills/__init__.py").touch()
    (tmp_path / "coreskills/__main__.py").write_text("print('an impostor')")
    for command in (["start.py"], ["stop.py"]):
        done = checkout.run([str(BASE_PYTHON), *command], PYTHONPATH=str(tmp_path))
        assert done.returncode == 7
        assert "impostor" not in done.stdout
    done = checkout.run([str(checkout.folder / "coreskills")], PYTHONPATH=str(tmp_path))
    assert "impostor" not in done.stdout


def other_python(versions: set[str]) -> Path:
    """Another Python on PATH or among pyenv's, or a skip."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in sorted(versions):
        on_path = shutil.which(f"python{version}")
        candidates = [Path(on_path)] if on_path else []
        if os.access(pyenv, os.X_OK):
            candidates += pyenv.glob(f"{version}.*/bin/python")
        for candidate in candidates:
            if (
                subprocess.run([candidate, "-c", ""], check=False, capture_output=True).returncode
                == 0
            ):
                return candidate
    pytest.skip(f"none of these Pythons is installed: {', '.join(sorted(versions))}")


@pytest.mark.parametrize("script", ["start.py", "stop.py", "test.py"])
@pytest.mark.parametrize("version", ["2.7", "3.6", "3.10"])
def test_an_old_python_says_what_it_needs(checkout: Checkout, script: str, version: str) -> None:
    old = other_python({version})
    done = checkout.run([str(old), script], PATH="/nonexistent")
    assert done.returncode == 4
    assert f"CoreSkills needs Python 3.11 or newer; this is {version}." in done.stderr
    assert f"python3.12 {script}" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("version", ["2.7", "3.6"])
def test_an_old_python_goes_on_in_a_newer_one(
    checkout: Checkout, tmp_path: Path, version: str
) -> None:
    old = other_python({version})
    (tmp_path / "bin").mkdir()
    broken = tmp_path / "bin/python3.13"  # like a shim for a version that is not installed
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    newer = tmp_path / f"bin/python3.{min(sys.version_info.minor, 12)}"
    newer.symlink_to(BASE_PYTHON)
    done = checkout.run([str(old), "start.py", "--json"], PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert done.returncode == 7
    assert "going on with" in done.stderr
    assert json.loads(done.stdout)["argv"] == ["start", "--json"]


@pytest.mark.timeout(900)
def test_the_real_lock_installs_and_imports(checkout: Checkout) -> None:
    shutil.rmtree(checkout.folder / "wheels")
    shutil.copy(ROOT / "requirements.lock", checkout.folder)
    checkout.variables = dict(os.environ) | {"CORESKILLS_HOME": checkout.variables["HOME"]}
    done = subprocess.run(
        checkout.command(),
        cwd=checkout.folder,
        env=checkout.variables,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    if "index cannot be reached" in done.stderr and os.environ.get("CI") != "true":
        pytest.skip("no package index can be reached from here")
    assert done.returncode == 0, done.stderr
    imports = "apiflask, argon2, fasteners, granian, jwt, orjson, prometheus_client, psutil"
    imports += ", psycopg, psycopg_pool, pydantic, redis, rich, structlog, typer, cryptography"
    python = str(checkout.environment / "bin/python")
    assert checkout.run([python, "-c", f"import {imports}"]).returncode == 0
