"""Processes by pid *and* start time: a pid alone may by now belong to somebody else."""

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

import psutil

CLOCK_GRAIN = 0.05  # seconds; the same start time is read back with a little noise


@dataclass(frozen=True)
class Identity:
    pid: int
    started: float


def identify(pid: int) -> Identity:
    return Identity(pid, psutil.Process(pid).create_time())


def alive(identity: Identity | None) -> bool:
    return _status(identity) not in ("", psutil.STATUS_ZOMBIE)


def held(identity: Identity) -> bool:
    """By SIGSTOP, or as Windows suspends a process: it lives and does nothing."""
    return _status(identity) == psutil.STATUS_STOPPED


def family(identity: Identity) -> list[Identity]:
    """All below a process."""
    process = _process(identity)
    found = []
    for child in _children(process) if process else ():
        with suppress(psutil.NoSuchProcess):
            found.append(Identity(child.pid, child.create_time()))
    return found


def end(identities: Iterable[Identity], patience: float) -> None:
    """Ask these processes to stop, then kill what is left of them and of their sessions.

    Only the parents are asked: a server that stops its own children hangs when they are told, too.
    Orphans, whose parent was killed, are asked themselves.
    """
    tree: list[psutil.Process] = []
    for identity in identities:
        process = _process(identity)
        members = [*(_children(process) if process else ()), *_session(identity)]
        for asked in [process] if process else members:
            _unless_gone(asked.terminate)
        tree += [process, *members] if process else members
    _, stubborn = psutil.wait_procs(tree, timeout=patience)
    for process in stubborn:
        _unless_gone(process.kill)
    psutil.wait_procs(stubborn, timeout=5)


def resident_bytes(root: Identity) -> int:
    """Of a process and all below it. Where the system tells (Linux), a page that several of them
    share counts once (PSS); elsewhere it counts for each."""
    process = _process(root)
    if process is None:
        return 0
    return sum(_resident(each) for each in (process, *_children(process)))


def _resident(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", 0) or full.rss)
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _process(identity: Identity | None) -> psutil.Process | None:
    if identity is None:
        return None
    try:
        process = psutil.Process(identity.pid)
        same = abs(process.create_time() - identity.started) < CLOCK_GRAIN
    except psutil.NoSuchProcess:
        return None
    return process if same else None


def _status(identity: Identity | None) -> str:
    """Empty when it is gone."""
    process = _process(identity)
    try:
        return process.status() if process else ""
    except psutil.NoSuchProcess:  # it went while we looked
        return ""


def _session(identity: Identity) -> list[psutil.Process]:
    """Who is left in the session that a program began; orphans, too. There is none on Windows.

    The system gives a number to nobody else as long as a session has it. If a process of this
    number lives that is not ours, the session is its own.
    """
    if sys.platform == "win32":
        return []
    if psutil.pid_exists(identity.pid) and _process(identity) is None:
        return []
    return [process for process in psutil.process_iter() if _is_member(process, identity.pid)]


def _is_member(process: psutil.Process, session: int) -> bool:
    try:
        return process.pid != session and os.getsid(process.pid) == session
    except (ProcessLookupError, PermissionError):
        return False


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _unless_gone(act: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        act()
