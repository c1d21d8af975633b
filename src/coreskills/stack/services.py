"""The services of an instance, named once: every mode calls them the same."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """`image`: the setting of deploy/images.lock that names it; none for what we build ourselves.

    Without one that is not `needed` an instance does its work all the same; it is there to observe.
    `profile`: of compose.yaml, which starts it only when asked.
    """

    name: str
    port: int | None = None
    image: str = ""
    published: bool = False
    needed: bool = True
    profile: str = ""


SERVICES = (
    Service("postgres", 5432, "CORESKILLS_POSTGRES_IMAGE"),
    Service("redis", 6379, "CORESKILLS_REDIS_IMAGE"),
    Service("migrate"),
    Service("api", 5000, published=True),
    Service("worker"),
    Service("prometheus", 9090, "CORESKILLS_PROMETHEUS_IMAGE", published=True, needed=False),
    Service("receiver", 9095, needed=False, profile="alerting"),
    Service(
        "alertmanager", 9093, "CORESKILLS_ALERTMANAGER_IMAGE", needed=False, profile="alerting"
    ),
    Service("grafana", 3000, "CORESKILLS_GRAFANA_IMAGE", published=True, needed=False),
)
PORTS = {service.name: service.port for service in SERVICES if service.port}
PUBLISHED = [service.name for service in SERVICES if service.published]
ONCE = "migrate"  # runs to its end at each start; stack/state.py says when it is listed
