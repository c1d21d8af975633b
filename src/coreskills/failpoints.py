"""Named moments at which a test may make a process die, freeze or fail.

Off, and then the cost of one comparison, unless CORESKILLS_FAILPOINTS names a folder. With it, a
process that comes by a point looks there for a file `<point>@<subject>` or `<point>`, and does
what the file says:

  kill   SIGKILL to itself
  stop   SIGSTOP to itself; whoever watches sees it, and wakes it with SIGCONT
  fail   RuntimeError
  hold   wait until the file is gone; other threads of the process go on

The file is renamed to `<file>.hit` first, so one process acts on it, once. With `always` after the
action it stays, and meets everybody.
"""

import os
import signal
import threading
from pathlib import Path

POINTS = {
    "submit.before_commit": "job and audit row are written, not committed",
    "submit.after_commit": "the job can be seen, Redis does not know it, nobody was told",
    "submit.after_publish": "Redis knows the job; its row does not say so, the disk has neither",
    "submit.before_answer": "all is done but the 202",
    "relay.before_publish": "the dispatcher has locked rows that Redis does not know",
    "relay.after_publish": "Redis knows them, their rows do not say so",
    "relay.after_commit": "the rows say so",
    "worker.before_read": "it is about to look for work, in Redis or in the table",
    "worker.after_read": "the entries are read, their jobs not claimed",
    "worker.after_claim": "the jobs are claimed, none has begun",
    "worker.running": "subject: the id of the job that is about to run",
    "worker.before_finish": "the outcomes are known, nothing is written",
    "worker.before_commit": "effect, result and trail are written, not committed",
    "worker.after_commit": "the jobs have ended, their entries are still in the stream",
    "worker.after_acknowledge": "all is done",
    "reaper.before_commit": "expired leases are taken back, not committed",
    "schedule.before_commit": "the job of a schedule is written, not committed",
    "epoch.before_commit": "everything is marked for publication again, not committed",
}
_folder: Path | None = None


def enable(folder: str) -> None:
    """Look for files in this folder from now on. An empty name turns it all off."""
    global _folder
    _folder = Path(folder) if folder else None


def reach(point: str, subject: object = "") -> None:
    """Called by the pipeline at the moment that POINTS describes."""
    if _folder is None:
        return
    for name in (f"{point}@{subject}", point):
        action, path = _taken(_folder / name)
        if action:
            _act(action, path)
            return


def _taken(path: Path) -> tuple[str, Path]:
    """What to do here, and the file it stands in now. Nothing: or somebody was quicker."""
    try:
        action, _, always = path.read_text(encoding="utf-8").strip().partition(" ")
        if always != "always":
            path = path.rename(path.with_name(f"{path.name}.hit"))
    except FileNotFoundError:
        return "", path
    return action, path


def _act(action: str, path: Path) -> None:
    if action == "fail":
        raise RuntimeError(f"the failpoint {path.name} was armed")
    if action == "hold":
        while path.exists():
            threading.Event().wait(0.01)  # sleep() fails under a faked clock
        return
    os.kill(os.getpid(), {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}[action])
