"""An installation that fails says why, and what to do next."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.checkout import BASE_PYTHON, Checkout, ended
from tests.e2e.package_index import address, own_certificate, serving
from tests.e2e.wheels import Wheel

pytestmark = pytest.mark.e2e
DIAGNOSE = """
import sys
sys.path.insert(0, "scripts")
from pathlib import Path
from environment import diagnosis
from environment.folder import Environment
environment = Environment(Path(".venv"), Path("."), Path("requirements.lock"))
if "windows" in sys.argv:
    for _, _, advice in diagnosis.DIAGNOSES:
        print(diagnosis.explain(advice, environment, environment.lock, windows=True))
else:
    print(diagnosis.pip_failure(environment, environment.lock, Path("pip.log")))
"""


def test_without_network_the_next_step_is_named(online: Checkout) -> None:
    with serving(online.folder) as index:
        closed = address(index)
    done = online.prepare(PIP_INDEX_URL=closed, PIP_RETRIES="1")
    ended(
        done,
        4,
        "The package index cannot be reached",
        f"put the wheels into {online.folder / 'wheels'}",
    )
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
        untrusted = online.prepare(PIP_INDEX_URL=url, PIP_RETRIES="0")
        ended(untrusted, 4, "certificate verify failed", "PIP_CERT=")
        for variables in (
            {"PIP_CERT": str(certificate), "REQUESTS_CA_BUNDLE": str(other)},
            {"SSL_CERT_FILE": str(certificate)},
        ):
            shutil.rmtree(online.environment)
            ended(online.prepare(PIP_INDEX_URL=url, **variables), 0)
            assert online.value_of("apple") == "42"


def test_a_changed_download_is_refused(checkout: Checkout) -> None:
    Wheel("apple", {"extra.py": b"not what was locked"}).write(checkout.folder / "wheels")
    done = checkout.prepare()
    ended(done, 1, "is not the one named in requirements.lock")


def test_a_lock_without_hashes_is_refused(checkout: Checkout) -> None:
    (checkout.folder / "requirements.lock").write_text("apple==1.0\n")
    done = checkout.prepare()
    ended(done, 1, "Hashes are required")


def test_a_missing_lock_is_named(checkout: Checkout) -> None:
    (checkout.folder / "requirements.lock").unlink()
    done = checkout.prepare()
    ended(done, 1, "git checkout -- requirements.lock")


def test_a_changed_pip_is_not_run(checkout: Checkout) -> None:
    (wheel,) = checkout.folder.glob("vendor/*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"x")
    done = checkout.prepare()
    ended(done, 1, "git checkout -- vendor")


def test_a_disk_that_is_too_small_is_refused_beforehand(small_disk: Path, tmp_path: Path) -> None:
    checkout = Checkout(small_disk / "checkout", tmp_path / "state")
    done = checkout.run([str(BASE_PYTHON), "start.py"])
    ended(done, 4, "MB free; the environment needs 400 MB")
    assert not checkout.environment.exists()


def test_a_disk_that_fills_up_is_named_and_the_former_environment_stays(
    small_disk: Path, tmp_path: Path
) -> None:
    checkout = Checkout(small_disk / "checkout", tmp_path / "state")
    assert checkout.prepare().returncode == 0
    checkout.require(Wheel("huge", {"zeros": bytes(40 * 2**20)}))
    done = checkout.prepare("no-preflight", TMPDIR=str(tmp_path))
    ended(done, 4, "The disk is full")
    assert str(checkout.environment) in done.stderr
    assert checkout.value_of("apple") == "42"


def test_advice_for_a_full_disk_does_not_name_an_option_that_changes_nothing(
    small_disk: Path, tmp_path: Path
) -> None:
    checkout = Checkout(small_disk / "checkout", tmp_path / "state")
    done = checkout.run([str(BASE_PYTHON), "start.py", "--home", str(tmp_path / "large")])
    ended(done, 4, f"move {checkout.folder} to another disk")
    assert "--home" not in done.stderr


def test_a_package_named_like_a_network_problem_is_none(checkout: Checkout) -> None:
    checkout.require(Wheel("async_timeout"))
    lock = checkout.folder / "requirements.lock"
    lock.write_text(lock.read_text() + f"missing==1.0 --hash=sha256:{'0' * 64}\n")
    done = checkout.prepare()
    ended(done, 1, "async_timeout", "must hold a wheel of every package")


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("OSError: [Errno 28] Auf dem Gerät ist kein Speicherplatz mehr verfügbar", "disk is full"),
        (
            "OSError: [WinError 112] Es steht nicht genug Speicherplatz zur Verfügung",
            "disk is full",
        ),
        ("OSError: [Errno 13] Keine Berechtigung: '/x'", "could not be written"),
        ("OSError: [WinError 5] Zugriff verweigert: 'C:\\x'", "could not be written"),
        ("OSError: [WinError 32] Der Prozess kann nicht zugreifen: 'x'", "could not be written"),
        ("ProtocolError('Connection aborted.', ConnectionResetError(104, 'x'))", "be reached"),
    ],
)
def test_a_failure_told_in_another_language_is_recognised(
    checkout: Checkout, said: str, advice: str
) -> None:
    log = checkout.folder / "pip.log"
    log.write_text(f"ERROR: Could not install packages due to an {said}\n")
    assert advice in checkout.run([str(BASE_PYTHON), "-c", DIAGNOSE, "pip_failure"]).stdout


def test_advice_for_windows_can_be_typed_there(checkout: Checkout) -> None:
    told = checkout.run([str(BASE_PYTHON), "-c", DIAGNOSE, "windows"]).stdout
    assert "  set PIP_CERT=C:\\path" in told
    assert "py -3 stop.py" in told
    assert "python3" not in told


def test_a_proxy_that_is_set_is_used(online: Checkout) -> None:
    with serving(online.folder / "served") as proxy:
        proxy.open.set()
        done = online.prepare(
            HTTP_PROXY=f"http://127.0.0.1:{proxy.server_port}",
            PIP_INDEX_URL="http://index.invalid/simple",
            PIP_TRUSTED_HOST="index.invalid",
        )
    ended(done, 0)
    assert online.value_of("apple") == "42"


@pytest.mark.parametrize("setting", ["target", "prefix", "root"])
def test_a_setting_of_pip_that_leads_elsewhere_is_named(
    checkout: Checkout, tmp_path: Path, setting: str
) -> None:
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[install]\n{setting} = {tmp_path / 'elsewhere'}\n")
    done = checkout.prepare(PIP_CONFIG_FILE=str(settings))
    ended(done, 1, "pip has installed apple, but not into", "PIP_CONFIG_FILE")
    assert not (checkout.environment / "complete").exists()


def test_constraints_of_another_project_are_left_out(checkout: Checkout, tmp_path: Path) -> None:
    constraints, settings = tmp_path / "constraints.txt", tmp_path / "pip.conf"
    constraints.write_text("apple==2.0\n")
    settings.write_text(f"[global]\nconstraint = {constraints}\n")
    done = checkout.prepare(PIP_CONFIG_FILE=str(settings), PIP_CONSTRAINT=str(constraints))
    ended(done, 0)
    assert checkout.value_of("apple") == "42"
