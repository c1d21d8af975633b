"""Counters of the processes of one API, in one folder, so that any of them can tell the sum.

Each process writes files of its own, through the library's memory maps: what it counted is there
also after it was killed. Files of the dead are folded into one, or they would grow without end.

  counter_<name>.db histogram_<name>.db gauge_livesum_<name>.db   of the process of that name
  <name>.alive   locked by that process for as long as it lives; made before its other files
  folded.json    sums of the dead, and whose files are in them
  folder.lock    held by whoever reads all of them, or folds

Who is dead is not asked of numbers and start times: a number returns, and a start time moves with
the clock of a laptop that slept. A lock ends with its process, however that ends.
"""

import json
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import fasteners
from prometheus_client import values
from prometheus_client.core import Metric
from prometheus_client.mmap_dict import MmapedDict

from coreskills.errors import Unavailable
from coreskills.telemetry.sums import Sums, added, metrics_of

PATIENCE = 2.0  # seconds for another process or thread to be done with the folder
KEPT = ("counter", "histogram")  # kinds that outlive who counted; a gauge goes with its process


class Shared:
    """`begin` in each process that counts, before it counts anything."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own = _Name(folder)
        self._turn = threading.Lock()  # a lock between processes holds back no thread of the same
        self._lock = fasteners.InterProcessLock(folder / "folder.lock")
        self._others: dict[str, fasteners.InterProcessLock] = {}
        self._folded = _Folded()
        self._folded_at: tuple[int, int] | None = None

    def begin(self) -> None:
        # the library has no types here
        values.ValueClass = values.MultiProcessValue(self._own)  # type: ignore[no-untyped-call]
        with self._alone():
            self._fold()

    def collect(self) -> list[Metric]:
        """Sums over the living and the dead. Raises Unavailable when the folder stays taken."""
        with self._alone():
            self._fold()
            sums = added(self._folded.sums, _read(list(self._folder.glob("*.db"))))
        return metrics_of(sums)

    def _fold(self) -> None:
        """Whoever is killed in here leaves either the old sums or the new ones; these name whose
        files are in them already and may only go."""
        self._read_folded()
        files = list(self._folder.glob("*.db"))
        dead = {name for name in map(_name_of, files) if not self._lives(name)}
        theirs = [path for path in files if _name_of(path) in dead]
        fresh = [path for path in theirs if _name_of(path) not in self._folded.names]
        if fresh:
            kept = [path for path in fresh if _kind_of(path) in KEPT]
            self._write_folded(_Folded(added(self._folded.sums, _read(kept)), dead))
        for path in theirs:
            path.unlink(missing_ok=True)
        for name in dead:
            (self._folder / f"{name}.alive").unlink(missing_ok=True)

    def _lives(self, name: str) -> bool:
        if name == self._own():
            return True  # and its file must not be opened again: closing it would end the lock
        lock = self._others.setdefault(
            name, fasteners.InterProcessLock(self._folder / f"{name}.alive")
        )
        if not lock.acquire(blocking=False):
            return True
        lock.release()
        del self._others[name]
        return False

    def _read_folded(self) -> None:
        """Only if another process has written it since."""
        path = self._folder / "folded.json"
        try:
            found = path.stat()
        except FileNotFoundError:
            return
        if self._folded_at != (found.st_ino, found.st_mtime_ns):
            self._folded = _Folded.parsed(path.read_text(encoding="utf-8"))
            self._folded_at = (found.st_ino, found.st_mtime_ns)

    def _write_folded(self, folded: "_Folded") -> None:
        path = self._folder / "folded.json"
        partial = path.with_suffix(".partial")
        partial.write_text(folded.text(), encoding="utf-8")
        partial.replace(path)
        self._read_folded()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=PATIENCE):
            raise _taken(self._folder)
        try:
            if not self._lock.acquire(timeout=PATIENCE):
                raise _taken(self._folder)
            try:
                yield
            finally:
                self._lock.release()
        finally:
            self._turn.release()


def clear(folder: Path) -> None:
    """Before the first process of a start: what was counted earlier is not of this run."""
    folder.mkdir(parents=True, exist_ok=True)
    for pattern in ("*.db", "*.alive", "folded.*"):
        for path in folder.glob(pattern):
            path.unlink()


@dataclass(frozen=True)
class _Folded:
    sums: Sums = field(default_factory=dict)
    names: set[str] = field(default_factory=set)  # whose files are in the sums, if they are there

    def text(self) -> str:
        sums = [[kind, key, total] for (kind, key), total in self.sums.items()]
        return json.dumps({"names": sorted(self.names), "sums": sums})

    @staticmethod
    def parsed(text: str) -> "_Folded":
        found = json.loads(text)
        sums = {(kind, key): total for kind, key, total in found["sums"]}
        return _Folded(sums, set(found["names"]))


class _Name:
    """Of this process, and of no other before or after it. After a fork the child has its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._choose()
        if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
            os.register_at_fork(after_in_child=self._choose)

    def __call__(self) -> str:
        """Asked for twice a request."""
        return self._name

    def _choose(self) -> None:
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._alive = fasteners.InterProcessLock(self._folder / f"{self._name}.alive")
        self._alive.acquire(blocking=False)


def _read(files: list[Path]) -> Iterator[tuple[tuple[str, str], float]]:
    for path in files:
        if path.stat().st_size == 0:
            continue  # made a moment ago; the library gives it its size a moment later
        kind = _kind_of(path)
        # the library has no types here
        found = MmapedDict.read_all_values_from_file(path)  # type: ignore[no-untyped-call]
        for key, value, _, _ in found:
            yield (kind, key), value


def _kind_of(path: Path) -> str:
    return path.stem.rpartition("_")[0]


def _name_of(path: Path) -> str:
    return path.stem.rpartition("_")[2]


def _taken(folder: Path) -> Unavailable:
    return Unavailable(f"The counters in {folder} are being read by somebody else; try again")
