"""Is it fine? The eight panels of the original, each of them true, and the work behind them."""

from .board import Board
from .panels import About, Line, light, lines, names, number, states
from .queries import ASKED, REQUESTS, SECONDS, mean, most, of, quantile, rate, share, total

FAILED = 'status=~"5.."'
REFUSED = 'status=~"4.."'

SERVICES = states(
    About(
        "Services up",
        "Whether Prometheus reached each program when it last asked. A gap: Prometheus did not "
        "ask. What is DOWN here has no fresh figures anywhere else.",
        height=6,
    ),
    Line(of("up"), "{{job}} {{instance}}"),
)
POSTGRES = light(
    About(
        "PostgreSQL",
        "Whether PostgreSQL answered the API at its last scrape. DOWN: nothing is accepted and "
        "nothing is done; what was accepted is safe.",
        width=4,
        height=6,
    ),
    f"min({of('pg_up')})",
)
REDIS = light(
    About(
        "Redis",
        "Whether Redis answered the API at its last scrape. DOWN: jobs start a little later, as "
        "workers ask PostgreSQL; nothing is lost.",
        width=4,
        height=6,
    ),
    f"min({of('redis_up')})",
)
API = light(
    About(
        "API status",
        "Whether the API answered Prometheus. DOWN: people see no answer at all.",
        width=4,
        height=6,
    ),
    f"""min({of("up", 'job="api"')})""",
)
REQUEST_RATE = lines(
    About(
        "Request rate",
        "Requests a second, by method. Probes and scrapes are not counted.",
        unit="reqps",
    ),
    Line(rate(REQUESTS, ASKED, by="method"), "{{method}}"),
    Line(rate(REQUESTS, ASKED), "all"),
)
RESPONSE_TIME = lines(
    About(
        "Response time",
        "From the first byte read to the answer handed over. p95: of 100 requests, 95 were "
        "quicker. The mean hides the few that are slow; the others show them. More than 0.5 s "
        "counts against the objective.",
        unit="s",
        limits=(0.25, 0.5),
    ),
    Line(mean(SECONDS, ASKED), "mean"),
    Line(quantile(0.5, SECONDS, ASKED), "p50"),
    Line(quantile(0.95, SECONDS, ASKED), "p95"),
    Line(quantile(0.99, SECONDS, ASKED), "p99"),
)
ERROR_RATE = lines(
    About(
        "Error rate",
        "Failed: the share of requests that the system could not answer (5xx), and that is its "
        "fault. Refused: the share with a mistake in it (4xx), and that is the caller's.",
        unit="percentunit",
        limits=(0.005, 0.05),
    ),
    Line(share(rate(REQUESTS, ASKED, FAILED), rate(REQUESTS, ASKED)), "failed"),
    Line(share(rate(REQUESTS, ASKED, REFUSED), rate(REQUESTS, ASKED)), "refused"),
)
STATUSES = lines(
    About(
        "Status distribution",
        "Answers a second, by status: 200 read, 201 made, 202 accepted, 304 not changed, 401 who "
        "are you, 404 not there, 409 conflict, 422 mistakes, 503 not now.",
        unit="reqps",
    ),
    Line(rate(REQUESTS, ASKED, by="status"), "{{status}}"),
    stacked=True,
)
BY_ROUTE = lines(
    About(
        "Slowest routes",
        "The eight routes with the highest p95: where to look when the response time is high.",
        unit="s",
        limits=(0.25, 0.5),
    ),
    Line(most(quantile(0.95, SECONDS, ASKED, by="route")), "{{route}}"),
)
WAITING = number(
    About(
        "Jobs waiting",
        "Accepted, and not begun yet.",
        width=4,
        limits=(100, 1000),
    ),
    total("coreskills_jobs", 'status="queued"'),
)
OLDEST = number(
    About(
        "Oldest job",
        "How long the oldest job that is due has waited. It grows: no worker takes it.",
        unit="s",
        width=4,
        limits=(10, 30),
    ),
    f"max({of('coreskills_jobs_oldest_age_seconds')})",
)
DONE = number(
    About("Jobs done", "Jobs that were completed, a second.", unit="ops", width=4),
    rate("coreskills_jobs_finished_total", 'outcome="completed"'),
)
RELEASE = names(
    About(
        "Release",
        "What runs, as each program says itself. Two releases at a time: a restart is half done.",
        width=24,
        height=4,
    ),
    Line(
        f"max by (service, version, python) ({of('coreskills_build_info')})",
        "{{service}} {{version}} on Python {{python}}",
    ),
)

BOARD = Board(
    "command-center",
    "CoreSkills Command Center",
    "Is it fine? From here on to the dashboard of the part that is not.",
    [
        ("Services", [SERVICES, POSTGRES, REDIS, API]),
        ("Requests", [REQUEST_RATE, RESPONSE_TIME, ERROR_RATE, STATUSES]),
        ("Where to look", [BY_ROUTE, WAITING, OLDEST, DONE, RELEASE]),
    ],
)
