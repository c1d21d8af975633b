"""A bundle for the machines of one network: read-only, its own files and nothing else."""

import ipaddress
import shutil
import tarfile
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from coreskills.errors import StackFailed
from coreskills.stack import bundle
from coreskills.stack.bundle import Report

ARCHIVE = "bundle.tar"
PATIENCE = 60.0  # seconds, until a client that takes nothing is let go


class Server(ThreadingHTTPServer):
    """One thread for each seat; `daemon_threads`, so that Ctrl-C ends them all."""

    daemon_threads = True


def server(folder: Path, address: str, port: int, report: Report) -> Server:
    """Listens; `serve_forever()` begins to answer. Raises StackFailed if it cannot listen there."""
    try:
        ipaddress.ip_address(address)
        return Server((address, port), partial(Handler, folder, report))
    except (OSError, ValueError) as exc:
        raise StackFailed(
            f"Nothing can be served at {address} port {port}: {exc}",
            check="bundle.address",
            fix="an address of this machine (ip addr, ipconfig), and a free --port",
            exit_code=4,
        ) from exc


class Handler(BaseHTTPRequestHandler):
    """Paths are looked up in the signed list and never followed on the disk."""

    server_version, sys_version, timeout = "CoreSkills", "", PATIENCE

    def __init__(self, folder: Path, report: Report, *given: object) -> None:
        self._folder, self._report = folder, report
        # what socketserver gives, as it gives it
        super().__init__(*given)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        name = unquote(urlsplit(self.path).path).removeprefix("/")
        if name == ARCHIVE:
            self._head(None)
            if body:
                self._archive()
        elif name in bundle.listed(self._folder):
            path = self._folder / name
            self._head(path.stat().st_size)
            if body:
                with path.open("rb") as file:
                    shutil.copyfileobj(file, self.wfile)
        else:
            self.send_error(404, "Not in the bundle")

    def _head(self, length: int | None) -> None:
        """Without a length, as HTTP/1.0 allows, the end of the connection is the end."""
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _archive(self) -> None:
        with tarfile.open(fileobj=self.wfile, mode="w|") as archive:
            for name in bundle.listed(self._folder):
                archive.add(self._folder / name, f"{bundle.FOLDER}/{name}")

    def log_message(self, form: str, *given: object) -> None:
        self._report(f"{self.client_address[0]} {form % given}")
