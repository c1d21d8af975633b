"""The rules that every container keeps, and the few exceptions, by name."""

import re
from collections.abc import Iterator

from tests.compose.plan import Plan, Service

MEMORY = 5 * 2**29  # bytes of all together: what a VM of 4 GB has left
CPUS = 1.5  # of two
ASKED = {"interval", "timeout", "retries", "start_period", "start_interval"}
IMAGE_ASKS = {"api", "worker"}  # their question is in deploy/images/Dockerfile
ONCE = {"migrate"}  # runs to its end: never started again, never asked
LOG = {"json-file", "max-size", "max-file"}
NETWORKS = {
    **{name: {"data"} for name in ("postgres", "redis", "migrate", "worker")},
    **{name: {"data"} for name in ("alertmanager", "receiver")},
    **{name: {"edge", "data"} for name in ("api", "prometheus")},
    "grafana": {"edge"},
}
PUBLISHED = {"api", "prometheus", "grafana"}
SECRETS = {
    "postgres": {"postgres_superuser"},
    "redis": {"redis_acl"},
    "migrate": {
        *("postgres_admin_url", "coreskills_owner_url", "coreskills_api_url"),
        *("coreskills_worker_url", "admin_password", "operator_token"),
    },
    "api": {"coreskills_api_url", "redis_api_url", "jwt_key"},
    "worker": {"coreskills_worker_url", "redis_worker_url"},
    "prometheus": set[str](),
    "alertmanager": {"receiver_token"},
    "receiver": {"receiver_token"},
    "grafana": {"grafana_admin"},
}
WRITABLE = {
    "postgres": {"/tmp", "/var/run/postgresql", "/var/lib/postgresql"},
    "redis": {"/tmp", "/data"},
    "migrate": {"/tmp"},
    "api": {"/tmp", "/run/coreskills"},
    "worker": {"/tmp", "/run/coreskills"},
    "prometheus": {"/tmp", "/prometheus"},
    "alertmanager": {"/tmp", "/alertmanager"},
    "receiver": {"/tmp", "/var/lib/coreskills"},
    "grafana": {"/tmp", "/var/lib/grafana"},
}
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY|_URL")


def violations(plan: Plan) -> list[str]:
    found = [
        f"{name}: {what}" for name, service in plan.services.items() for what in _of(name, service)
    ]
    if set(plan.services) != set(NETWORKS):
        found.append("a service that no rule knows, or one that is gone")
    if plan.internal != {"data"}:
        found.append("the network of the data leads outside")
    always = [s for name, s in plan.services.items() if name not in ONCE and not s.profiles]
    if sum(service.memory for service in always) > MEMORY:
        found.append("together they may take more memory than a VM of 4 GB has left")
    return found


def _of(name: str, service: Service) -> Iterator[str]:
    yield from _process(service)
    yield from _limits(service)
    yield from _access(name, service)
    yield from _host(service)
    yield from _life(name, service)


def _process(service: Service) -> Iterator[str]:
    if not re.fullmatch(r"[1-9]\d*:\d+", service.user):
        yield "runs as root, or as whoever its image says"
    if not service.read_only:
        yield "may write to its own files"
    if service.cap_drop != ("ALL",):
        yield "keeps capabilities"
    if service.security != ("no-new-privileges:true",):
        yield "may gain privileges, or has no filter of system calls"
    if not service.init:
        yield "nobody reaps its children"
    if service.other:
        yield f"says what no rule has looked at: {', '.join(sorted(service.other))}"


def _limits(service: Service) -> Iterator[str]:
    if not service.memory:
        yield "has no limit of memory"
    if not 0 < service.cpus <= CPUS:
        yield "may take every processor"
    if not service.pids:
        yield "may start any number of processes"
    if service.log != LOG:
        yield "its log grows for ever"


def _access(name: str, service: Service) -> Iterator[str]:
    if service.networks != NETWORKS.get(name):
        yield "is in other networks than it needs"
    if bool(service.published_on) != (name in PUBLISHED) or service.published_on - {"127.0.0.1"}:
        yield "is not published, or published off loopback, or without need"
    if service.secrets != SECRETS.get(name):
        yield "is given other secrets than it needs"
    if service.writable != WRITABLE.get(name):
        yield "can write elsewhere than it needs"


def _host(service: Service) -> Iterator[str]:
    if any(not read_only for _, read_only in service.mounts):
        yield "may change files of the host"
    if any("docker.sock" in where for where, _ in service.mounts):
        yield "may command the engine"
    for variable, value in service.environment:
        if SECRET_NAME.search(variable) and not value.startswith("/run/secrets/"):
            yield f"{variable} is no file"


def _life(name: str, service: Service) -> Iterator[str]:
    if service.restart != ("no" if name in ONCE else "unless-stopped"):
        yield "does not come back when it dies, or does when it should not"
    asked = {"disable"} if name in ONCE else ASKED | ({"test"} if name not in IMAGE_ASKS else set())
    if service.healthcheck != asked:
        yield "nobody asks whether it works, or not soon after its start"
    if not service.grace:
        yield "has no time to end in order"
    if not re.search(r":[\w.-]+$", service.image) or service.image.endswith(":latest"):
        yield "its image may become another one"
