"""The lines between us and the host: one JSON object each, at most 1 MiB, UTF-8.

We say     invoke{id, command, params, context, what_if, deadline_ms}   ping{id}   shutdown{}
It says    hello{protocol, pwsh, module_version, commands, pid}         pong{id}
           accepted{id}   log{...}   result{id, ok, output | error}
"""

import json
from typing import Any

LONGEST = 1 << 20
PROTOCOL = 1
Frame = dict[str, Any]


def encoded(frame: Frame) -> bytes:
    return json.dumps(frame, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def decoded(line: bytes) -> Frame | None:
    """None for what is no frame: somebody printed to stdout."""
    try:
        found = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("type"), str) else None
