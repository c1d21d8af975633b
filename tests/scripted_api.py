"""An API on loopback that answers what a test has written down."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Script = dict[str, list[tuple[int, dict]]]


class ScriptedApi:
    """`script`: the answers to each "METHOD /path", one after the other; the last one stays.

    Whatever else is asked for is not found. `asked` is all of it, with its body.
    """

    def __init__(self, script: Script, server: ThreadingHTTPServer) -> None:
        self.script = script
        self.asked: list[tuple[str, dict]] = []
        self.port = server.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def answer(self, what: str, body: dict) -> tuple[int, dict]:
        self.asked.append((what, body))
        answers = self.script.get(what)
        if not answers:
            return 404, {"code": "not_found", "detail": f"{what} is not in the script"}
        return answers.pop(0) if len(answers) > 1 else answers[0]


@contextmanager
def scripted_api(script: Script) -> Iterator[ScriptedApi]:
    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            what = f"{self.command} {urlsplit(self.path).path}"
            status, told = api.answer(what, json.loads(body or b"{}"))
            text = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_DELETE = do

        def log_message(self, *_args) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api = ScriptedApi(script, server)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield api
    server.shutdown()
    thread.join()
    server.server_close()
