"""The Python environment of this project, made before any package is installed.

Standard library only; Python 3.11 or newer, which start.py has checked. Everything said here goes
to standard error: standard output belongs to the command that follows.

An environment is trusted only if its file `complete` fits. That file is written last, so a process
killed at any moment leaves a folder that the next run replaces. The environment that worked before
is kept as FOLDER.old until the new one is complete, and comes back if that fails: a class without
network keeps what it had.

Read `commands` first, then `preparation`; the rest is what these use.
"""

from environment.commands import prepared_for_tests, run, start, stop

__all__ = ["prepared_for_tests", "run", "start", "stop"]
