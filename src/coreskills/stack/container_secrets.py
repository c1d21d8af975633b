"""What the containers of an instance must know, one file each, as compose.yaml names them.

The folder is ours alone. The files in it everybody may read, for the programs in the containers
are other users than the one who writes them: docs/decisions.md.
"""

from pathlib import Path

from coreskills.broker import access
from coreskills.stack.home import Home
from coreskills.stack.postgres import ADMIN
from coreskills.store import names


def write(home: Home) -> Path:
    """From the secrets of the home, which must be there. Returns the folder."""
    folder = home.path / "containers"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o700)
    for name, value in _files(home).items():
        partial = folder / f"{name}.partial"
        partial.unlink(missing_ok=True)
        partial.write_text(value, encoding="utf-8")
        partial.chmod(0o444)
        partial.replace(folder / name)
    return folder


def _files(home: Home) -> dict[str, str]:
    users = {access.API: home.secret("redis_api"), access.WORKER: home.secret("redis_worker")}
    roles = (names.OWNER, names.API, names.WORKER)
    addresses = {
        f"{role}_url": _postgres(role, home.secret(role), names.DATABASE) for role in roles
    }
    same = ("jwt_key", "grafana_admin", "admin_password", "operator_token", "receiver_token")
    return {
        "postgres_superuser": home.secret("postgres"),
        "postgres_admin_url": _postgres(ADMIN, home.secret("postgres"), "postgres"),
        **addresses,
        "redis_acl": access.acl(users),
        "redis_api_url": _redis(access.API, users[access.API]),
        "redis_worker_url": _redis(access.WORKER, users[access.WORKER]),
        **{name: home.secret(name) for name in same},
    }


def _postgres(role: str, password: str, database: str) -> str:
    return f"postgresql://{role}:{password}@postgres:5432/{database}"


def _redis(user: str, password: str) -> str:
    return f"redis://{user}:{password}@redis:6379/0"
