"""A worker that knows kinds of jobs which do harm. Started by Lab.add_worker(harmful)."""

import resource
import threading

from coreskills.worker import process
from coreskills.worker.context import Context, Outcome
from coreskills.worker.handlers import HANDLERS

# Bytes of addresses that a limited worker may have beyond those at its start: each of its threads
# reserves some 70 MiB of them, and uses next to none.
ROOM = 1 << 30
TOO_MUCH = 8 << 30


def block(context: Context) -> Outcome:
    """Never comes to an end the first time, as a command that waits for a keyboard."""
    if context.job.attempt == 1:
        threading.Event().wait()
    return Outcome({"attempt": context.job.attempt})


def hoard(context: Context) -> Outcome:
    """Asks for more memory than there is."""
    return Outcome({"bytes": len(bytearray(TOO_MUCH))})


def newer(context: Context) -> Outcome:
    """A kind that only a newer version knows."""
    return Outcome({"version": "newer"})


def harmful() -> None:
    process.main(HANDLERS | {"block": block, "hoard": hoard, "newer": newer})


def limited() -> None:
    """The same in little memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        pages = int(file.read().split()[0])
    most = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    harmful()
