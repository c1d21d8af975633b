"""An installation that fails says why, and what to do next."""

from pathlib import Path

import pytest

from tests.e2e.checkout import BASE_PYTHON, Checkout, ended
from tests.e2e.package_index import address, own_certificate, serving
from tests.e2e.wheels import Wheel

pytestmark = pytest.mark.e2e


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
        followed = online.prepare(
            PIP_INDEX_URL=url, PIP_CERT=str(certificate), REQUESTS_CA_BUNDLE=str(other)
        )
    assert followed.returncode == 0, followed.stderr
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
