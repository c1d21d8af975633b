"""Of one program, asked from within its container: does it do its work?"""

import time
from collections.abc import Callable
from pathlib import Path

from coreskills.health.probe import CannotTell, Finding, Probe

Fetch = Callable[[str], int]  # path -> status
OLDEST_BEAT = 30.0  # seconds; a worker's loop turns every second, its heartbeat every five


def api(fetch: Fetch) -> Probe:
    return Probe("program.api", "The API serves", lambda: serves(fetch), "look at its log")


def receiver(fetch: Fetch) -> Probe:
    return Probe("program.receiver", "The receiver hears", lambda: hears(fetch), "look at its log")


def worker(pulse_file: str) -> Probe:
    return Probe("program.worker", "The worker works", lambda: beats(pulse_file), "restart it")


def serves(fetch: Fetch) -> Finding:
    """An API without Redis serves; one without PostgreSQL does not."""
    status = fetch("/health/ready")
    return Finding(f"HTTP {status}", "" if status == 200 else "PostgreSQL does not answer")


def hears(fetch: Fetch) -> Finding:
    status = fetch("/health")
    return Finding(f"HTTP {status}", "" if status == 200 else "it refuses to say so")


def beats(pulse_file: str) -> Finding:
    if not pulse_file:
        raise CannotTell("CORESKILLS_PULSE_FILE is not set")
    try:
        age = time.time() - Path(pulse_file).stat().st_mtime
    except FileNotFoundError:
        return Finding("no beat", "the worker has not begun to work")
    measured = f"beat {age:.0f} s ago"
    return Finding(measured, "" if age < OLDEST_BEAT else "its loop stands still")
