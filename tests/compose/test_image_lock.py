"""scripts/pin_images.py, against a registry that says what registries say."""

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.compose.engine import Engine
from tests.compose.programs import ROOT

pytestmark = [pytest.mark.compose, pytest.mark.e2e, pytest.mark.timeout(600)]
KIND = "application/vnd.oci.image.index.v1+json"
INDEX = json.dumps({"schemaVersion": 2, "mediaType": KIND, "manifests": []}).encode()
DIGEST = f"sha256:{hashlib.sha256(INDEX).hexdigest()}"


class Registry(BaseHTTPRequestHandler):
    """Knows every image but those called `gone`."""

    def do_HEAD(self) -> None:
        known = "/gone/" not in self.path
        self.send_response(200 if known else 404)
        if known and "/manifests/" in self.path:
            self.send_header("Content-Type", KIND)
            self.send_header("Docker-Content-Digest", DIGEST)
            self.send_header("Content-Length", str(len(INDEX)))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        if "/manifests/" in self.path:
            self.wfile.write(INDEX)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def pin(engine: Engine, lock: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "pin_images.py"), "--lock", str(lock)]
    return subprocess.run(
        command, env=engine.environment, capture_output=True, text=True, timeout=120
    )


def test_each_tag_gets_its_digest_and_an_old_one_goes(
    engine: Engine, registry: str, tmp_path: Path
):
    lock = tmp_path / "images.lock"
    lock.write_text(f"# kept\nA_IMAGE={registry}/a:1\nB_IMAGE={registry}/b:2@sha256:{'0' * 64}\n")
    done = pin(engine, lock)
    assert done.returncode == 0, done.stderr
    assert lock.read_text().splitlines() == [
        "# kept",
        f"A_IMAGE={registry}/a:1@{DIGEST}",
        f"B_IMAGE={registry}/b:2@{DIGEST}",
    ]


def test_an_image_that_nobody_knows_leaves_the_lock_as_it_was(
    engine: Engine, registry: str, tmp_path: Path
):
    lock = tmp_path / "images.lock"
    text = f"A_IMAGE={registry}/a:1\nB_IMAGE={registry}/gone/b:2\n"
    lock.write_text(text)
    done = pin(engine, lock)
    assert (done.returncode, lock.read_text()) == (1, text)
    assert "gone/b:2" in done.stderr
