"""Keeps the programs of an instance running, and ends them all when told to.

One small process that imports as little as it can: it stays for as long as the instance does.
Told to stop by SIGTERM or, where there are no signals, by the file run/stop; told what to restart
by the file run/restart.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from coreskills.stack import state
from coreskills.stack.child import Child
from coreskills.stack.event_lines import tell
from coreskills.stack.home import Home
from coreskills.stack.observers import OBSERVERS
from coreskills.stack.processes import end, identify
from coreskills.stack.programs import Program, programs
from coreskills.stack.renewal import Renewal
from coreskills.stack.state import ServiceState, State

TICK = 0.05
PATIENCE = 22.0  # seconds to stop by itself; a worker may finish its job
ORPHAN_PATIENCE = 2.0
LONGEST_PAUSE = 10.0
LARGEST_LOG = 20 * 2**20  # bytes; one older copy is kept
TRIM_EVERY = 10.0


class Supervisor:
    def __init__(self, home: Home, wanted: list[Program]) -> None:
        self._home = home
        self._children = [
            Child(program, ServiceState(program.name, "waiting", port=program.port))
            for program in wanted
        ]
        self._stop = False
        self._trim_at = 0.0
        self._renewal: Renewal | None = None

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self.watch()

    def watch(self) -> None:
        """Until told to stop; then until nothing is left."""
        stop_file = self._home.run / "stop"
        stop_file.unlink(missing_ok=True)
        self._restart_file.unlink(missing_ok=True)
        self._save()
        while not self._stop and not stop_file.exists():
            if any([self._tend(child) for child in self._children]):
                self._save()
            self._renew()
            self._trim_logs()
            time.sleep(TICK)
        tell("stopping")
        self._end_all()
        stop_file.unlink(missing_ok=True)
        state.remove(self._home)

    def _on_signal(self, *_: object) -> None:
        self._stop = True

    @property
    def _restart_file(self) -> Path:
        return self._home.run / "restart"

    def _renew(self) -> None:
        """The file names programs, a line each; it goes when they are renewed."""
        if self._renewal is None:
            if not self._restart_file.exists():
                return
            names = self._restart_file.read_text(encoding="utf-8").split()
            wanted = [child for child in self._children if child.program.name in names]
            self._renewal = Renewal(wanted)
            tell("restarting", services=[child.program.name for child in wanted])
        if self._renewal.advance():
            self._renewal = None
            self._restart_file.unlink(missing_ok=True)

    def _tend(self, child: Child) -> bool:
        """Start what may start, notice what ended; True if anything changed."""
        if child.process is None:
            if child.state.state in ("done", "stopped") or not self._may_start(child):
                return False
            self._start(child)
            return True
        code = child.process.poll()
        if code is None:
            return False
        child.process = None
        if child.state.identity:
            end([child.state.identity], ORPHAN_PATIENCE)  # a killed parent leaves its children
        self._ended(child, code)
        return True

    def _may_start(self, child: Child) -> bool:
        if time.monotonic() < child.start_at:
            return False
        after = child.program.after
        return after is None or any(
            other.program.name == after and other.state.state == "done" for other in self._children
        )

    def _start(self, child: Child) -> None:
        program = child.program
        with (self._home.logs / f"{program.name}.log").open("ab") as log:
            child.process = subprocess.Popen(
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=program.environment,
                cwd=program.folder,
                start_new_session=True,
                **program.arguments,
            )
        child.began = time.monotonic()
        identity = identify(child.process.pid)
        child.state = replace(
            child.state, state="running", pid=identity.pid, started=identity.started
        )
        tell("service_started", name=program.name, pid=identity.pid)

    def _ended(self, child: Child, code: int) -> None:
        name, wanted = child.program.name, child.renewing or (child.program.once and code == 0)
        tell("service_ended", "info" if wanted else "warning", name=name, exit_code=code)
        if child.program.once and code == 0:
            child.state = replace(child.state, state="done", pid=None, started=None, exit_code=0)
            return
        if child.renewing:
            child.renewing = False
            child.state = replace(child.state, state="waiting", pid=None, started=None)
            return
        restarts = child.state.restarts + 1
        lived = time.monotonic() - child.began
        pause = 0.2 if lived > 30 else min(LONGEST_PAUSE, 0.2 * 2 ** min(restarts, 8))
        child.start_at = time.monotonic() + pause
        child.state = replace(
            child.state, state="failed", pid=None, started=None, restarts=restarts, exit_code=code
        )

    def _end_all(self) -> None:
        """Users of the servers first, all at once; then one server after the other."""
        users = [child for child in self._children if _uses_servers(child.program)]
        servers = [child for child in self._children if child not in users]
        for group in (users, *([server] for server in reversed(servers))):
            running = [child for child in group if child.process and child.process.poll() is None]
            for child in running:
                self._ask_to_stop(child.program)
            end([child.state.identity for child in running if child.state.identity], PATIENCE)
            for child in running:
                if child.process:
                    child.process.wait()
                child.state = replace(child.state, state="stopped", pid=None, started=None)
            self._save()

    def _ask_to_stop(self, program: Program) -> None:
        if program.stop_command:
            subprocess.run(
                program.stop_command,
                capture_output=True,
                timeout=60,
                cwd=program.folder,
                **program.arguments,
            )

    def _save(self) -> None:
        services = [child.state for child in self._children]
        try:
            state.write(self._home, State(identify(os.getpid()), services))
        except OSError as exc:  # a full disk must not end the one who keeps the rest alive
            tell("state_not_written", "error", why=exc.strerror)

    def _trim_logs(self) -> None:
        """The programs append to files we opened: so copy what there is, and cut to nothing."""
        if time.monotonic() < self._trim_at:
            return
        self._trim_at = time.monotonic() + TRIM_EVERY
        for path in self._home.logs.glob("*.log"):
            if path.stat().st_size > LARGEST_LOG:
                shutil.copyfile(path, path.with_suffix(".log.1"))
                os.truncate(path, 0)
                tell("log_cut", name=path.stem)


def _uses_servers(program: Program) -> bool:
    return program.after is not None or program.name in OBSERVERS


def main() -> None:
    home = Home(Path(sys.argv[1]))
    Supervisor(home, programs(home)).run()


if __name__ == "__main__":
    main()
