"""Waiting for the containers to be well, and saying which of them is not."""

import subprocess
import time

from coreskills.errors import StackFailed
from coreskills.stack import containers
from coreskills.stack.docker import Report, last_line
from coreskills.stack.project import Project
from coreskills.stack.readiness import api_ready
from coreskills.stack.state import ServiceState

READY_WITHIN = 180.0  # seconds; a cold start on a slow disk waits for health checks in a row
_WORST_FIRST = ("failed", "stopped", "waiting", "running", "done")


def wait_until_ready(project: Project, up: subprocess.Popen[bytes] | None, report: Report) -> None:
    """Until every container is well and the API answers. Raises StackFailed with the log's end."""
    began, told = time.monotonic(), set[str]()
    while True:
        found = containers.states(project)
        for state in found:
            if state.state in ("running", "done") and state.name not in told:
                told.add(state.name)
                report(f"{state.name} {state.state} after {time.monotonic() - began:.1f} s")
        code = 0 if up is None else up.poll()
        if code:
            raise _not_up(project, found)
        if code == 0 and all_up(found) and api_ready(project.home):
            report(f"api ready after {time.monotonic() - began:.1f} s")
            return
        if time.monotonic() > began + READY_WITHIN:
            raise _not_up(project, found, exit_code=6)
        time.sleep(0.2)


def _not_up(project: Project, found: list[ServiceState], exit_code: int = 1) -> StackFailed:
    """Names the service that Compose blames, or the worst, with what it said last."""
    said = last_line(project.log.read_text(encoding="utf-8", errors="replace"))
    bad = worst(found, [s.name for s in found if f"{project.name}-{s.name}" in said])
    if bad is None:
        return StackFailed(
            f"The containers could not be started: {said}",
            check="compose.up",
            fix=f"see {project.log}; then coreskills start again",
            exit_code=exit_code,
        )
    return StackFailed(
        f"{bad.name} is not well ({bad.state}). Compose said: {said}\nThe end of its log:\n"
        + containers.log_tail(project, bad.name, 20),
        check=f"{bad.name.split('-')[0]}.{'ready' if exit_code == 6 else 'starts'}",
        fix=f"coreskills logs {bad.name}; then coreskills stop and coreskills start",
        exit_code=exit_code,
    )


def worst(found: list[ServiceState], blamed: list[str]) -> ServiceState | None:
    """Compose knows which one the others waited for; else the one that is worst off."""
    ranked = sorted(found, key=lambda s: (s.name not in blamed, _WORST_FIRST.index(s.state)))
    if ranked and (ranked[0].name in blamed or ranked[0].state not in ("running", "done")):
        return ranked[0]
    return None


def all_up(found: list[ServiceState]) -> bool:
    return bool(found) and all(state.state in ("running", "done") for state in found)
