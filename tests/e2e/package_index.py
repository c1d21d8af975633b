"""A package index on loopback, with or without TLS."""

import contextlib
import http.server
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest


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
