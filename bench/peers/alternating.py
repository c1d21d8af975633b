"""Our application in one process, without a server around it, telling and not telling in turn.

TOKEN=... python alternating.py PATH ...   prints {path: {what is told: CPU us of a request}}

Turns are so short that whatever else the machine does disturbs all of them alike.
"""

import io
import json
import os
import sys
import time
from statistics import median
from typing import Any

from coreskills.server import wsgi
from coreskills.telemetry import logs, metrics

TURNS, REQUESTS = 120, 25
TOLD = {
    "neither": (lambda *_: None, lambda **_: None),
    "metrics": (metrics.observe_request, lambda **_: None),
    "metrics and log": (metrics.observe_request, logs.access),
}


def main() -> None:
    app = wsgi()
    print(json.dumps({path: _measured(app, path) for path in sys.argv[1:]}), flush=True)
    os._exit(0)  # its pool has threads


def _measured(app: Any, path: str) -> dict[str, float]:
    spent: dict[str, list[float]] = {told: [] for told in TOLD}
    for turn in range(-5, TURNS):  # the first ones only warm up
        for told in list(TOLD)[:: -1 if turn % 2 else 1]:
            metrics.observe_request, logs.access = TOLD[told]
            began = time.process_time()
            for _ in range(REQUESTS):
                _ask(app, path)
            if turn >= 0:
                spent[told].append((time.process_time() - began) * 1e6 / REQUESTS)
    return {told: median(each) for told, each in spent.items()}


def _ask(app: Any, path: str) -> None:
    statuses: list[str] = []
    body = app(_environ(path), lambda status, headers, failure=None: statuses.append(status))
    b"".join(body)
    if hasattr(body, "close"):
        body.close()
    if statuses != ["200 OK"]:
        raise SystemExit(f"GET {path}: {statuses}")


def _environ(path: str) -> dict[str, Any]:
    place, _, query = path.partition("?")
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": place,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_AUTHORIZATION": f"Bearer {os.environ['TOKEN']}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


if __name__ == "__main__":
    main()
