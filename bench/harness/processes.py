"""CPU time and memory of process trees, as Linux counts them in /proc."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
_GONE = (FileNotFoundError, ProcessLookupError)


def tree(roots: Iterable[int]) -> list[int]:
    """These processes and all that live below them."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with suppress(*_GONE):
                children.setdefault(int(_fields(int(entry.name))[1]), []).append(int(entry.name))
    found, waiting = set(), list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return sorted(found)


def cpu_seconds(roots: Iterable[int]) -> float:
    """User and system time of the tree so far, with that of its children that have ended."""
    ticks = 0
    for pid in tree(roots):
        with suppress(*_GONE):
            ticks += sum(int(field) for field in _fields(pid)[11:15])
    return ticks / TICKS


def resident_mebibytes(roots: Iterable[int]) -> tuple[float, float]:
    """Sums of RSS, which counts a shared page in each process, and of PSS, which splits it."""
    rss = pss = 0
    for pid in tree(roots):
        with suppress(*_GONE):
            lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
            rss += _kibibytes(lines, "Rss:")
            pss += _kibibytes(lines, "Pss:")
    return rss / 1024, pss / 1024


def reset_peaks(roots: Iterable[int]) -> None:
    for pid in tree(roots):
        (PROC / str(pid) / "clear_refs").write_text("5")


def peak_mebibytes(roots: Iterable[int]) -> float:
    """The largest resident size that any one process of the tree has had since reset_peaks."""
    peaks = []
    for pid in tree(roots):
        with suppress(*_GONE):
            peaks.append(
                _kibibytes((PROC / str(pid) / "status").read_text().splitlines(), "VmHWM:")
            )
    return max(peaks) / 1024


def _fields(pid: int) -> list[str]:
    """From the third on: the second is a name in brackets, which may hold anything."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _kibibytes(lines: list[str], name: str) -> int:
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
