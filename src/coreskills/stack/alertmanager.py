"""The Alertmanager of the native mode: the routes of observability/, with its own receiver."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from coreskills.stack.account import Account, reachable_program
from coreskills.stack.prometheus import shipped

KEPT = "48h"  # silences, and what was told already
# What the routes say of the container mode, and what takes its place here.
RECEIVER = "http://receiver:9095/"
TOKEN = "/run/secrets/receiver_token"


@dataclass(frozen=True)
class Alertmanager:
    base: Path
    port: int
    program: Path
    receiver: int
    token: str
    account: Account | None = None

    def prepare(self) -> None:
        """Write the routes, and the token of the receiver, for its account alone.

        Silences stay; what was told before is forgotten, so that what still fires is told anew.
        """
        self.base.mkdir(parents=True, exist_ok=True)
        (self.base / "data" / "nflog").unlink(missing_ok=True)
        self._write(self._token, self.token)
        self._write(self._configuration, self.routes())
        self.base.chmod(0o700)
        if self.account:
            for path in (self.base, self._token, self._configuration):
                shutil.chown(path, self.account.uid, self.account.gid)

    def routes(self) -> str:
        text = (shipped() / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8")
        text = text.replace(RECEIVER, f"http://127.0.0.1:{self.receiver}/")
        return text.replace(TOKEN, str(self._token))

    def command(self) -> list[str]:
        return [
            str(reachable_program(self.program, self.base, self.account)),
            f"--config.file={self._configuration}",
            f"--storage.path={self.base / 'data'}",
            f"--data.retention={KEPT}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",  # there is only this one
            "--log.level=warn",
        ]

    def _write(self, path: Path, text: str) -> None:
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")

    @property
    def _token(self) -> Path:
        return self.base / "receiver_token"

    @property
    def _configuration(self) -> Path:
        return self.base / "alertmanager.yml"
