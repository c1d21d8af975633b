"""The last traces, kept in files where there is no collector: a JSON line for each span.

Every process has a file of its own, and an older one. So many bytes are kept that a class can look
at what it did an hour ago, and no more.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

Row = dict[str, Any]
LARGEST = 2 * 2**20  # bytes of a file: about 5,000 spans, of some 600 jobs
MOST_FILES = 24


class TraceFile:
    """Opened for each batch of spans, so that it may be removed at any time."""

    def __init__(self, folder: str, service: str) -> None:
        self._folder = Path(folder)
        self._path = self._folder / f"{service}-{os.getpid()}.jsonl"

    def append(self, lines: bytes) -> bool:
        """False: they could not be written."""
        try:
            self._make_room()
            with self._path.open("ab", buffering=0) as file:
                return file.write(lines) == len(lines)
        except OSError:
            return False

    def _make_room(self) -> None:
        if self._path.exists():
            if self._path.stat().st_size >= LARGEST:
                self._path.replace(self._path.with_suffix(".older.jsonl"))
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in _newest_first(self._folder)[MOST_FILES - 1 :]:
            path.unlink(missing_ok=True)


def spans_of_job(folder: str, job_id: int) -> list[Row]:
    """All spans of every trace that tells of this job."""
    about = b'"coreskills.job.id":%d' % job_id
    named = (orjson.loads(line) for line in _lines(folder, about))
    traces = {
        span["trace_id"] for span in named if span["attributes"]["coreskills.job.id"] == job_id
    }
    return [
        orjson.loads(line)
        for trace_id in sorted(traces)
        for line in _lines(folder, trace_id.encode())
    ]


def _lines(folder: str, text: bytes) -> Iterator[bytes]:
    """Whole lines with this text in them; one that is being written ends in no newline."""
    for path in _newest_first(Path(folder)):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        if text in content:
            yield from (line for line in content.split(b"\n")[:-1] if text in line)


def _newest_first(folder: Path) -> list[Path]:
    files = {}
    for path in folder.glob("*.jsonl"):
        try:
            files[path] = path.stat().st_mtime
        except FileNotFoundError:
            continue
    return sorted(files, key=files.__getitem__, reverse=True)
