"""A temporary instance of the system, started exactly as a person starts it."""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from coreskills.actions.tokens import new_token, token_hash
from coreskills.stack.client import Client
from coreskills.stack.home import Home
from coreskills.stack.psql import address
from coreskills.store import access
from coreskills.store.connection import Connection

ROOT = Path(__file__).resolve().parents[2]
Facts = dict[str, Any]


@dataclass(frozen=True)
class Instance:
    home: Home
    facts: Facts

    @property
    def api(self) -> str:
        return str(self.facts["urls"]["api"])

    @property
    def token(self) -> str:
        return str(self.facts["token"])

    @property
    def client(self) -> Client:
        return Client(self.api, self.token, timeout=120)

    def url(self, role: str) -> str:
        return address(self.home, role)

    def pids(self, name: str) -> list[int]:
        return [s["pid"] for s in self.facts["services"] if s["name"] == name]

    @property
    def all_pids(self) -> list[int]:
        state = json.loads((self.home.run / "state.json").read_text())
        return [state["supervisor"]["pid"], *(s["pid"] for s in state["services"] if s["pid"])]


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


@contextmanager
def instance(*arguments: str) -> Iterator[Instance]:
    """A fresh one on free ports; stopped and erased at the end. `arguments` are for the start."""
    path = new_home()
    try:
        yield started(path, *arguments)
    finally:
        stop(path)
        shutil.rmtree(path)


def started(path: Path, *arguments: str) -> Instance:
    say(f"starting an instance in {path}")
    wishes = (*start_arguments(), *arguments)
    return Instance(Home(path), json.loads(coreskills("start", path, *wishes)))


def stop(path: Path) -> None:
    coreskills("stop", path)


def coreskills(verb: str, home: Path, *arguments: str) -> str:
    done = subprocess.run(command(verb, home, *arguments), capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"coreskills {verb} failed:\n{done.stderr}")
    return done.stdout


def command(verb: str, home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "coreskills", verb, "--home", str(home), *arguments]


def start_arguments() -> list[str]:
    return ["--mode", "native", "--port-base", str(free_port()), "--json"]


def new_home() -> Path:
    return Path(tempfile.mkdtemp(prefix="coreskills-bench-"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def add_callers(target: Instance, count: int) -> list[str]:
    """Tokens of so many operators. One alone would meet the limit of requests a minute."""
    tokens = [new_token() for _ in range(count)]
    with Connection.connect(target.url("coreskills_owner"), row_factory=dict_row) as conn:
        for number, token in enumerate(tokens):
            id = access.insert_operator(conn, f"bench{number}", "service", None)
            access.insert_api_token(conn, id, "bench", token_hash(token), 1)
    return tokens


def fill_users(target: Instance, count: int) -> None:
    """So many more students, straight into the table."""
    with psycopg.connect(target.url("coreskills_owner")) as conn:
        conn.execute("SET synchronous_commit = off")
        conn.execute(_FILL, {"count": count})
    with psycopg.connect(target.url("coreskills_owner"), autocommit=True) as conn:
        conn.execute("VACUUM ANALYZE users")


_FILL = """
INSERT INTO users (user_type, student_id, first_name, last_name, username, username_stem, email,
                   ou, grade_level, graduation_year)
SELECT 'student', 'B' || n, 'First' || n %% 997, 'Last' || n %% 9973, 'b.' || n, 'b.' || n,
       'b.' || n || '@students.coreskills.example',
       'OU=Grade9,OU=Students,DC=coreskills,DC=example', 9 + n %% 4, 2027 + n %% 4
  FROM generate_series(1, %(count)s) AS n
"""
