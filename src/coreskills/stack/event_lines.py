"""The supervisor's log: lines like those of telemetry/logs.py, without what these need.

That would be ten megabytes for a process that stays and has little to say.
"""

import json
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any


def tell(event: str, level: str = "info", **fields: Any) -> None:
    """Never raises: a full disk must not end the one who keeps the rest alive."""
    line = {"event": event, "service": "supervisor", "level": level} | fields
    line["timestamp"] = datetime.now(UTC).isoformat()
    with suppress(OSError):
        sys.stderr.write(json.dumps(line) + "\n")
        sys.stderr.flush()
