"""What was sent and what was promised, line by line, so that it outlives whoever writes it."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Promise:
    """What the API said about one Idempotency-Key. `cancel` is asked or promised, or neither."""

    key: str
    kind: str
    body: Any
    sent: int = 0
    job_ids: set[int] = field(default_factory=set)
    cancel: str = ""

    @property
    def job_id(self) -> int | None:
        """None: nobody ever said that it was accepted."""
        return min(self.job_ids, default=None)


class Ledger:
    """Append-only; for any number of threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.accepted = 0
        self._seen: set[str] = set()
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def sent(self, key: str, kind: str, body: Any) -> None:
        self._write(event="sent", key=key, kind=kind, body=body)

    def acknowledged(self, key: str, job_id: int, status: int = 202) -> None:
        with self._lock:
            self.accepted += key not in self._seen
            self._seen.add(key)
        self._write(event="acknowledged", key=key, job_id=job_id, status=status)

    def cancelled(self, key: str, *, promised: bool) -> None:
        """Asked before the request goes out; promised when 200 came back."""
        self._write(event="cancel", key=key, cancel="promised" if promised else "asked")

    def _write(self, **line: Any) -> None:
        text = json.dumps({"at": round(time.time(), 4), **line}, ensure_ascii=False)
        with self._lock:
            self._file.write(text + "\n")


def read(path: Path) -> dict[str, Promise]:
    """By key. A last line that was cut off by a crash counts for nothing."""
    promises: dict[str, Promise] = {}
    for line in _lines(path):
        key = line["key"]
        if line["event"] == "sent":
            promise = promises.setdefault(key, Promise(key, line["kind"], line["body"]))
            promise.sent += 1
        elif line["event"] == "acknowledged":
            promises[key].job_ids.add(line["job_id"])
        else:
            promises[key].cancel = line["cancel"]
    return promises


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for text in file:
            if text.endswith("\n"):
                yield json.loads(text)
