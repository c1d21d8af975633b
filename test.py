#!/usr/bin/env python3
"""Runs every check of the project: python3 test.py [--fast] [PYTEST ARGUMENTS].

Three tests run at a time, each with its own servers: most of them wait more than they work. Those
of the containers come last and alone. --fast leaves out the end-to-end tests, and with them the loss
windows, the fault matrix and 90 s of chaos. All checks run, even after one has failed.
"""

import os
import subprocess
import sys
import time

from start import ROOT, bootstrap

APART = ["--ignore", "tests/compose"]  # one engine, and seconds that are told
# As they stand: reordered, the files with one long test each would come last, one after the other.
AT_A_TIME = ["-n", "3", "--dist", "loadscope", "--no-loadscope-reorder"]


def checks(python, arguments):
    """Name and command of each check, in order."""
    scripts = os.path.dirname(python)
    pytest = [python, "-m", "pytest"]
    listed = [
        ("ruff format", [python, "-m", "ruff", "format", "--check", "."]),
        ("ruff check", [python, "-m", "ruff", "check", "."]),
        ("mypy", [python, "-m", "mypy"]),
        ("lint-imports", [os.path.join(scripts, "lint-imports")]),
        ("pytest", pytest + AT_A_TIME + (arguments or APART)),
    ]
    return listed if arguments else listed + [("containers", pytest + ["-rs", "tests/compose"])]


def run(name, command):
    """Run one check and print its line; True if it passed."""
    begin = time.time()
    code = subprocess.call(command, cwd=ROOT)
    verdict = "passed" if code == 0 else "FAILED (exit code %d)" % code
    sys.stdout.write("== %s: %s in %.1f s\n" % (name, verdict, time.time() - begin))
    sys.stdout.flush()
    return code == 0


def main(arguments):
    python = bootstrap().prepared_for_tests()
    if "--fast" in arguments:
        arguments = ["-m", "not e2e"] + [word for word in arguments if word != "--fast"]
        sys.stdout.write(
            "== end-to-end tests, loss windows, fault matrix, chaos, containers: not run\n"
        )
    listed = checks(python, arguments)
    failed = [name for name, command in listed if not run(name, command)]
    summary = "failed: " + ", ".join(failed) if failed else "all passed"
    sys.stdout.write("== %d checks, %s\n" % (len(listed), summary))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
