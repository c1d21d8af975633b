"""Whether what the supervisor wrote is still so: processes are looked at, not only read of."""

import sys
import time
from dataclasses import replace

from coreskills.errors import StackFailed
from coreskills.stack import state
from coreskills.stack.home import Home
from coreskills.stack.processes import alive, held
from coreskills.stack.state import ServiceState, State


def seen(found: State) -> list[ServiceState]:
    """The services; one whose process is gone has failed, whoever has not noticed it yet."""
    return [_seen(service) for service in found.services]


def trouble(found: State | None) -> StackFailed | None:
    """What keeps the supervisor from its work, with the next step. Nothing, if no process of the
    instance is left."""
    if found is None:
        return None
    if held(found.supervisor):
        return _trouble(found, "stands still", _wake(found.supervisor.pid))
    if not found.supervised and any(alive(identity) for identity in found.identities()):
        return _trouble(found, "is gone", "coreskills start")
    return None


def refuse_trouble(found: State | None) -> None:
    """Raises StackFailed when nobody would do what is asked of the supervisor."""
    if problem := trouble(found):
        raise problem


def wait_until_restarted(home: Home, names: list[str]) -> None:
    """Order it, and wait until it is done. Raises StackFailed when it is not, or nobody would."""
    order, seconds = home.run / "restart", 70.0 * len(names)
    order.write_text("\n".join(names), encoding="utf-8")
    deadline = time.monotonic() + seconds
    while order.exists():
        if problem := trouble(state.read(home)):
            order.unlink(missing_ok=True)  # or it would be obeyed when nobody expects it
            raise problem
        if time.monotonic() > deadline:
            raise StackFailed(
                f"The restart did not come to an end within {seconds:.0f} s",
                check="restart.done",
                fix="coreskills logs supervisor; then coreskills stop and coreskills start",
                exit_code=6,
            )
        time.sleep(0.05)


def wait_until_gone(found: State) -> None:
    """The supervisor, told to stop. One that stands still does not hear it."""
    deadline = time.monotonic() + 60
    while found.supervised and not held(found.supervisor) and time.monotonic() < deadline:
        time.sleep(0.05)


def _seen(service: ServiceState) -> ServiceState:
    if service.state != "running" or alive(service.identity):
        return service
    return replace(service, state="failed", pid=None, started=None)


def _wake(pid: int) -> str:
    if sys.platform == "win32":
        return "coreskills stop, then coreskills start"
    return f"kill -CONT {pid}"


def _trouble(found: State, what: str, fix: str) -> StackFailed:
    return StackFailed(
        f"The supervisor (process {found.supervisor.pid}) {what}; what ends is not started again",
        check="supervisor.works",
        fix=fix,
    )
