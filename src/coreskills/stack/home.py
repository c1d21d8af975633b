"""The folder that holds all state of one instance.

instance.json   what was chosen at start: mode, ports, queue, open access
secrets/        generated at the first start; 0600 in a folder of 0700
postgres/ redis/ prometheus/ alertmanager/ alerts/ logs/ metrics/ traces/ run/ tools/
"""

import hashlib
import json
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coreskills.errors import StackFailed
from coreskills.stack.account import Account

ELSEWHERE = Path("/var/lib/coreskills")
EVERYWHERE = ("0.0.0.0", "::")  # addresses that one may bind, and not ask
PASSWORDS = (
    *("postgres", "coreskills_owner", "coreskills_api", "coreskills_worker", "redis"),
    *("redis_api", "redis_worker", "grafana_admin"),  # only containers have these
)


@dataclass(frozen=True)
class Home:
    path: Path

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics"

    @property
    def alerts(self) -> Path:
        """What the receiver of alerts was told; it makes the folder itself."""
        return self.path / "alerts" / "alerts.jsonl"

    @property
    def traces(self) -> Path:
        return self.path / "traces"

    @property
    def host(self) -> str:
        """Where this machine reaches what the instance publishes, as it stands in a URL."""
        bound = self.instance().get("bind", "127.0.0.1")
        if bound in EVERYWHERE:
            return "127.0.0.1"
        return f"[{bound}]" if ":" in bound else str(bound)

    @property
    def exists(self) -> bool:
        return (self.path / "instance.json").exists()

    def create(self, account: Account | None) -> None:
        """Private to us; as root, other accounts may pass through to the database's own folder."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o711 if account else 0o700)
        for folder in (self.logs, self.run, self.metrics, self.traces, self.path / "secrets"):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)

    def server_folder(self, account: Account | None) -> Path:
        """Where PostgreSQL and Redis keep their files.

        In the home, unless we are root and the servers' account cannot get there: then under
        /var/lib, in a folder that belongs to this home alone.
        """
        if account is None or account.can_reach(self.path):
            return self.path
        return ELSEWHERE / f"home-{hashlib.sha256(str(self.path).encode()).hexdigest()[:12]}"

    def secret(self, name: str) -> str:
        path = self.path / "secrets" / name
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise StackFailed(
                f"There is no secret {name} in {path.parent}",
                check="home.secrets",
                fix=f"coreskills start --home {self.path}",
                exit_code=3,
            ) from None

    def secret_file(self, name: str, value: str) -> Path:
        """Written whole or not at all, readable by us only."""
        path = self.path / "secrets" / name
        partial = path.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_text(value, encoding="utf-8")
        partial.replace(path)
        return path

    def generate_secrets(self, token: str) -> bool:
        """What is missing; False when nothing was. Nothing existing is ever replaced."""
        wanted = {name: secrets.token_urlsafe(24) for name in PASSWORDS}
        wanted["receiver_token"] = secrets.token_urlsafe(24)
        wanted["operator_token"] = token
        wanted["admin_password"] = secrets.token_urlsafe(12)
        wanted["jwt_key"] = new_key()
        missing = [n for n in wanted if not (self.path / "secrets" / n).exists()]
        for name in missing:
            self.secret_file(name, wanted[name])
        return bool(missing)

    def instance(self) -> dict[str, Any]:
        """What the last start chose; empty before the first."""
        try:
            text = (self.path / "instance.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        found: dict[str, Any] = json.loads(text)
        return found

    def save_instance(self, instance: dict[str, Any]) -> None:
        partial = self.path / "instance.json.partial"
        partial.write_text(json.dumps(instance, indent=2) + "\n", encoding="utf-8")
        partial.replace(self.path / "instance.json")


def launcher() -> str:
    """How a person calls us from the folder of the repository."""
    return "coreskills.cmd" if sys.platform == "win32" else "./coreskills"


def new_key() -> str:
    # Here, and not above: the supervisor reads homes for as long as it lives and signs nothing.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
