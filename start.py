#!/usr/bin/env python3
"""Starts CoreSkills: prepares the Python environment, then runs `coreskills start`.

An old Python must be able to read this file to say what it needs, so its syntax stays within
Python 2.7 (and stop.py's and test.py's too). The work is done by scripts/environment.
"""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
NEEDED = (3, 11)
NEWER = ("3.13", "3.12", "3.11")
# As bytes: the code page of a pipe on Windows, or an old Python's ASCII, cannot carry every path.
TELL_PATH = (
    "import os, sys;"
    " sys.version_info >= (3, 11) and sys.stdout.buffer.write(os.fsencode(sys.executable))"
)


def newer_python():
    """The path of a Python on PATH that is new enough and really runs, or an empty string."""
    for version in NEWER:
        command = ["py", "-" + version] if os.name == "nt" else ["python" + version]
        try:
            asked = subprocess.Popen(
                command + ["-c", TELL_PATH], stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except OSError:
            continue
        path = asked.communicate()[0]
        if asked.returncode == 0 and path:
            return path if str is bytes else os.fsdecode(path)
    return ""


def require_python():
    """Return if this Python is new enough; otherwise go on in one that is, or explain and exit."""
    if sys.version_info >= NEEDED:
        return
    here = "%s (%s)" % (".".join(map(str, sys.version_info[:3])), sys.executable)
    other = newer_python()
    if not other:
        sys.stderr.write(
            "CoreSkills needs Python 3.11 or newer; this is %s.\n"
            "Install Python 3.12, or run it with one you have: python3.12 %s\n"
            % (here, os.path.basename(sys.argv[0]))
        )
        sys.exit(4)
    sys.stderr.write("This is Python %s; going on with %s.\n" % (here, other))
    sys.stderr.flush()
    command = [other] + sys.argv
    if os.name == "nt":  # there, exec returns to the shell before the program has ended
        sys.exit(subprocess.call(command))
    os.execv(other, command)


def bootstrap():
    """The package scripts/environment, once this Python can read it."""
    require_python()
    sys.path.insert(0, os.path.join(ROOT, "scripts"))
    import environment

    return environment


if __name__ == "__main__":
    bootstrap().start(sys.argv[1:])
