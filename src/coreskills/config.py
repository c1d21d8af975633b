"""The only module that reads the environment."""

import math
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from coreskills.errors import Fault, Invalid

PREFIX = "CORESKILLS_"
LOOPBACK = ("127.0.0.1", "localhost", "::1")  # what leads to this machine and nowhere else
STANDARD = {"otlp_endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT"}  # known to everybody under these names


@dataclass(frozen=True)
class Settings:
    """What one process of the system needs to know. Every field is CORESKILLS_<NAME>."""

    database_url: str = ""  # with the role of this process: coreskills_api, coreskills_worker ...
    redis_url: str = ""  # empty: no Redis; workers poll PostgreSQL
    pool_min: int = 5  # connections of the whole API, divided among its processes
    pool_max: int = 20
    pool_wait_seconds: float = 2.0  # then 503 with Retry-After
    statement_timeout_ms: int = 5_000
    api_host: str = "127.0.0.1"
    api_port: int = 5000
    api_published: str = ""  # in a container: the host's address that leads to it
    api_processes: int = 2
    api_threads: int = 4  # of each process; one of them is kept free of slow work
    open_access: bool = False  # the sandbox without login; refused off loopback
    jwt_key: str = ""  # PEM, Ed25519 private key
    access_token_seconds: int = 600
    refresh_token_seconds: int = 14 * 86_400
    reads_per_minute: int = 60_000  # a class of 30 polling once a second needs 1,800
    writes_per_minute: int = 12_000
    queue_limit: int = 50_000  # waiting jobs; beyond, new work gets 503
    cors_origins: str = ""  # comma separated, exact; empty: none
    student_mail_domain: str = "students.coreskills.example"
    staff_mail_domain: str = "coreskills.example"
    directory_suffix: str = "DC=coreskills,DC=example"
    engine: str = "auto"  # or native, pwsh; auto takes a PowerShell that answers, else native
    pwsh: str = ""  # the PowerShell to use; empty: the one on PATH
    lease_seconds: float = 15.0
    batch_jobs: int = 32  # the most that a worker claims and commits together
    poll_seconds: float = 0.25
    pulse_file: str = ""  # a worker touches it as long as its loop turns; empty: none
    metrics_dir: str = ""  # where processes of one API share their counters
    metrics_host: str = "127.0.0.1"  # where a worker is scraped
    metrics_port: int = 0  # of a worker; 0: nowhere
    figures_seconds: float = 3.0  # so long the API tells what it found in PostgreSQL and Redis
    receiver_host: str = "127.0.0.1"
    receiver_port: int = 9095
    receiver_token: str = ""  # what Alertmanager shows to the receiver of alerts
    alerts_file: str = ""  # where the receiver keeps them
    tracing: bool = False  # needs the optional part: pip install 'coreskills[tracing]'
    traces_dir: str = ""  # where the last traces are kept; empty: nowhere
    otlp_endpoint: str = ""  # of a collector; also OTEL_EXPORTER_OTLP_ENDPOINT
    failpoints: str = ""  # a folder; only for tests that make processes die at chosen moments
    log_level: str = "info"
    log_format: str = "json"  # or "text", for people


@dataclass(frozen=True)
class Preparation:
    """What the step before the programs must know, and no program may. Read as Settings are."""

    admin_url: str = ""  # of PostgreSQL's superuser
    owner_url: str = ""
    api_url: str = ""
    worker_url: str = ""
    admin_password: str = ""  # of the first operator
    operator_token: str = ""


@dataclass(frozen=True)
class Operation:
    """What the operator of an instance decides, and no program of it needs to know."""

    mode: str = "auto"  # or native, compose
    bind: str = "127.0.0.1"  # compose: the address of this machine that others may reach it at
    extra_ca: str = ""  # compose: a file of certificates that the school's proxy signs with
    slo_period: str = "8h"  # or "30d": how long a budget of errors has to last
    prometheus: str = ""  # native: programs to use; empty: installed into the home, or on PATH
    alertmanager: str = ""


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Build settings from CORESKILLS_* variables, or from the file that NAME_FILE names.

    Raises Invalid with every wrong variable at once.
    """
    return Settings(**_values(Settings, environ))


def load_preparation(environ: Mapping[str, str] = os.environ) -> Preparation:
    """As load(); what is missing is wrong, too."""
    found = Preparation(**_values(Preparation, environ))
    missing = [PREFIX + name.upper() for name, value in vars(found).items() if not value]
    if missing:
        faults = [Fault(name, "missing", f"or {name}_FILE is needed") for name in missing]
        raise Invalid("The database cannot be prepared: " + _list(faults), faults)
    return found


def load_operation(environ: Mapping[str, str] = os.environ) -> Operation:
    return Operation(**_values(Operation, environ))


def _values(kind: type, environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for field in fields(kind):
        name = PREFIX + field.name.upper()
        try:
            text = _text(environ, name) or environ.get(STANDARD.get(field.name, name))
            if text is not None:
                values[field.name] = _typed(text, field.type)
        except (ValueError, OSError) as exc:
            faults.append(Fault(name, "bad_setting", str(exc)))
    if faults:
        raise Invalid("The configuration is not usable: " + _list(faults), faults)
    return values


def home(environ: Mapping[str, str] = os.environ, given: Path | None = None) -> Path:
    """The folder that holds all state of one instance."""
    if given or environ.get(f"{PREFIX}HOME"):
        return Path(given or environ[f"{PREFIX}HOME"]).expanduser().resolve()
    if sys.platform != "win32" and os.geteuid() == 0:
        return Path("/var/lib/coreskills/default")
    from platformdirs import user_data_path

    return user_data_path("coreskills", appauthor=False) / "default"


def inherited(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The few variables that our child processes may see; secrets of the user's shell stay out."""
    keep = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT", "TEMP", "TMP", "SSL_CERT_FILE")
    return {name: environ[name] for name in keep if name in environ}


def for_docker(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What the docker command line goes by: where its engine and its settings are, the proxy, and
    which images to use instead of those of deploy/images.lock."""
    keep = (
        *("HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA"),
        *("PROGRAMFILES", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "PATHEXT"),
    )
    own = re.compile(r"DOCKER_\w+|BUILDX_\w+|(HTTPS?|NO)_PROXY|CORESKILLS_\w+_IMAGE", re.IGNORECASE)
    more = {n: value for n, value in environ.items() if n.upper() in keep or own.fullmatch(n)}
    return inherited(environ) | more


def for_pip(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The user's own settings for pip: where packages come from, and through which proxy."""
    kept = {name: value for name, value in environ.items() if name.startswith("PIP_")}
    return for_docker(environ) | kept | {"PIP_CONSTRAINT": os.devnull}


def words_to_complete(environ: Mapping[str, str] = os.environ) -> list[str]:
    """What a shell that asks for completion has on its line; empty otherwise."""
    return environ.get("COMP_WORDS", environ.get("_TYPER_COMPLETE_ARGS", "")).split()


def colours_wanted(environ: Mapping[str, str] = os.environ) -> bool:
    return "NO_COLOR" not in environ and environ.get("TERM") != "dumb"


def _text(environ: Mapping[str, str], name: str) -> str | None:
    path = environ.get(f"{name}_FILE")
    if path and name in environ:
        raise ValueError(f"both {name} and {name}_FILE are set; keep one")
    return Path(path).read_text(encoding="utf-8").strip() if path else environ.get(name)


def _typed(text: str, kind: Any) -> Any:
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError(f"must be true or false, is {text!r}")
        return text.lower() == "true"
    value = kind(text)
    if kind in (int, float) and not 0 < value < math.inf:  # nan is not, either
        raise ValueError(f"must be a positive number, is {text!r}")
    return value


def _list(faults: list[Fault]) -> str:
    return "; ".join(f"{fault.at} {fault.message}" for fault in faults)
