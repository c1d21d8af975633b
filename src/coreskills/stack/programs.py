"""The programs of the native mode, in the order they start."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coreskills import config
from coreskills.stack import observers
from coreskills.stack.account import Account, unprivileged
from coreskills.stack.alertmanager import Alertmanager
from coreskills.stack.home import Home
from coreskills.stack.postgres import Postgres, url
from coreskills.stack.prometheus import MEMORY, Prometheus
from coreskills.stack.redis import Redis
from coreskills.store import names

API_PROCESSES = 2
API_THREADS = 4  # of each process; api/admission.py keeps one of them for saying no
CONNECTIONS = 512  # open at a time in each process, idle ones included; the next ones wait
# The kernel takes so many more, with their requests. Whoever gives up in there is served all the
# same, in vain: with 1,024, a flood of five times the capacity left 0.4 of it. The least there is.
BACKLOG = 128
WORKERS = 1  # one job at a time in each; `start --workers N` for more
# After SIGHUP the server starts a new process and ends an old one so much later, ready or not. With
# its usual 3.5 s, tests/e2e/test_restart.py saw refused connections on a machine under load.
RENEWAL_SECONDS = 8.0


@dataclass(frozen=True)
class Program:
    """`once`: it runs to its end, and what comes `after` it waits for that. `reloads`: a SIGHUP
    renews the processes below it without a gap."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    port: int | None = None
    once: bool = False
    reloads: bool = False
    after: str | None = None
    stop_command: list[str] | None = None


def postgres_of(home: Home, account: Account | None) -> Postgres:
    return Postgres(
        home.server_folder(account) / "postgres",
        home.instance()["ports"]["postgres"],
        home.secret("postgres"),
        account,
    )


def redis_of(home: Home, account: Account | None) -> Redis:
    return Redis(
        home.server_folder(account) / "redis",
        home.instance()["ports"]["redis"],
        home.secret("redis"),
        account,
    )


def programs(home: Home) -> list[Program]:
    instance, account = home.instance(), unprivileged()
    found = [_postgres(postgres_of(home, account))]
    if instance["queue"] == "redis":
        found.append(_redis(redis_of(home, account)))
    found.append(_migrate(home))
    found.append(_api(home, instance))
    found += [_worker(home, name, instance) for name in worker_names(instance["workers"])]
    found += [_observer(home, name, account) for name in observers.names(instance["monitoring"])]
    return found


def worker_names(count: int) -> list[str]:
    return ["worker"] if count == 1 else [f"worker-{number}" for number in range(1, count + 1)]


def _postgres(server: Postgres) -> Program:
    return Program(
        "postgres",
        server.command(),
        config.inherited(),
        server.popen_arguments(),
        folder=server.base,
        port=server.port,
        stop_command=server.stop_command(),
    )


def _redis(server: Redis) -> Program:
    return Program(
        "redis",
        server.command(),
        config.inherited(),
        server.popen_arguments(),
        folder=server.base,
        port=server.port,
    )


def _migrate(home: Home) -> Program:
    command = [sys.executable, "-m", "coreskills.stack.migrate", str(home.path)]
    return Program("migrate", command, config.inherited(), once=True)


def _api(home: Home, instance: dict[str, Any]) -> Program:
    port = instance["ports"]["api"]
    environment = _environment(home, instance, names.API) | {
        "CORESKILLS_JWT_KEY_FILE": str(home.path / "secrets" / "jwt_key"),
        "CORESKILLS_OPEN_ACCESS": str(instance["open"]).lower(),
        "CORESKILLS_METRICS_DIR": str(home.metrics),
        "PROMETHEUS_MULTIPROC_DIR": str(home.metrics),
        "CORESKILLS_API_PROCESSES": str(instance["api_processes"]),
        "CORESKILLS_API_THREADS": str(API_THREADS),
    }
    command = api_command(port, instance["api_processes"])
    command[-1:-1] = ["--respawn-interval", str(RENEWAL_SECONDS)]
    return Program("api", command, environment, port=port, after="migrate", reloads=True)


def api_command(
    port: int, processes: int, threads: int = API_THREADS, host: str = "127.0.0.1"
) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--factory"),
        *("--host", host, "--port", str(port), "--no-ws", "--log-level", "warning"),
        *("--workers", str(processes), "--blocking-threads", str(threads)),
        *("--backlog", str(BACKLOG), "--backpressure", str(CONNECTIONS)),
        *("--runtime-mode", "st", "--respawn-failed-workers", "--workers-kill-timeout", "5"),
        "coreskills.server:wsgi",
    ]


def _worker(home: Home, name: str, instance: dict[str, Any]) -> Program:
    engine = instance.get("engine") or {"name": "native", "path": ""}
    port = instance["ports"][name]
    environment = _environment(home, instance, names.WORKER) | {
        "CORESKILLS_ENGINE": engine["name"],
        "CORESKILLS_PWSH": engine["path"],
        "CORESKILLS_METRICS_PORT": str(port),
    }
    command = [sys.executable, "-m", "coreskills.worker"]
    return Program(name, command, environment, port=port, after="migrate")


def _observer(home: Home, name: str, account: Account | None) -> Program:
    """They wait for nobody: while the schema is looked at, there is a processor for them."""
    port = home.instance()["ports"][name]
    if name == "receiver":
        command = [sys.executable, "-m", "coreskills.alerting"]
        return Program(name, command, _receiver(home, port), port=port)
    server: Prometheus | Alertmanager = (
        observers.prometheus_of(home, account)
        if name == "prometheus"
        else observers.alertmanager_of(home, account)
    )
    return Program(
        name,
        server.command(),
        config.inherited() | {"GOMEMLIMIT": MEMORY},
        account.popen_arguments() if account else {},
        folder=server.base,
        port=port,
    )


def _receiver(home: Home, port: int) -> dict[str, str]:
    return config.inherited() | {
        "CORESKILLS_RECEIVER_PORT": str(port),
        "CORESKILLS_RECEIVER_TOKEN_FILE": str(home.path / "secrets" / "receiver_token"),
        "CORESKILLS_ALERTS_FILE": str(home.alerts),
    }


def _environment(home: Home, instance: dict[str, Any], role: str) -> dict[str, str]:
    """Secrets go by file, never by environment or command line."""
    database = url(role, home.secret(role), instance["ports"]["postgres"], names.DATABASE)
    found = config.inherited() | {
        "CORESKILLS_DATABASE_URL_FILE": str(home.secret_file(f"{role}_url", database)),
    }
    tracing = instance.get("tracing", {})
    if tracing.get("on"):
        found |= {
            "CORESKILLS_TRACING": "true",
            "CORESKILLS_TRACES_DIR": str(home.traces),
            "CORESKILLS_OTLP_ENDPOINT": tracing["endpoint"],
        }
    if instance["queue"] == "redis":
        address = redis_of(home, None).url()
        found["CORESKILLS_REDIS_URL_FILE"] = str(home.secret_file("redis_url", address))
    return found
