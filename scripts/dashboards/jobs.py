"""What becomes of what was accepted: the queue, the workers, and the engine they call."""

from .board import Board
from .panels import About, Line, lines, names, number
from .queries import counted, most, of, quantile, rate, share, total

FINISHED = "coreskills_jobs_finished_total"
QUEUED = "coreskills_job_queued_seconds"
RUN = "coreskills_job_run_seconds"
CALLS = "coreskills_engine_calls_total"
CALL = "coreskills_engine_call_seconds"

QUEUE = [
    number(
        About("Waiting", "Accepted, and not begun yet.", width=4, height=5, limits=(100, 1000)),
        total("coreskills_jobs", 'status="queued"'),
    ),
    number(
        About("Running", "In the hands of a worker.", width=4, height=5),
        total("coreskills_jobs", 'status="running"'),
    ),
    number(
        About(
            "Waiting for a person",
            "Suspended: they change more than one person may decide alone. `coreskills jobs "
            "approve`, by somebody else.",
            width=4,
            height=5,
            limits=(1, 20),
        ),
        total("coreskills_jobs", 'status="suspended"'),
    ),
    number(
        About(
            "Dead",
            "Given up after their worker vanished again and again. `coreskills jobs show` says "
            "why, `coreskills jobs retry` drives one again.",
            width=4,
            height=5,
            limits=(1, 5),
        ),
        total("coreskills_jobs", 'status="dead"'),
    ),
    number(
        About(
            "Oldest",
            "How long the oldest job that is due has waited; more than 30 s counts against the "
            "objective.",
            unit="s",
            width=4,
            height=5,
            limits=(10, 30),
        ),
        f"max({of('coreskills_jobs_oldest_age_seconds')})",
    ),
    number(
        About(
            "Leaders",
            "Workers that publish, reap and fire schedules: always one. 0 for more than some "
            "seconds: nothing is retried and no schedule runs.",
            width=4,
            height=5,
            limits=(1, 1),
            low=True,
        ),
        total("coreskills_leader"),
    ),
]
FLOW = [
    lines(
        About(
            "Accepted",
            "Jobs a second that were answered with 202, by type; the eight most.",
            unit="ops",
        ),
        Line(most(rate("coreskills_jobs_accepted_total", by="type")), "{{type}}"),
        stacked=True,
    ),
    lines(
        About(
            "Finished",
            "Jobs a second that came to an end, by outcome. Below `Accepted` for long: the queue "
            "grows.",
            unit="ops",
        ),
        Line(rate(FINISHED, by="outcome"), "{{outcome}}"),
        stacked=True,
    ),
    lines(
        About(
            "Failed, by reason",
            "Jobs a second that did not complete, by type and code. A code that ends in "
            "`conflict` or names a person is the caller's; `engine_...` is ours.",
            unit="ops",
        ),
        Line(
            rate(FINISHED, 'outcome!="completed"', by="type, code") + " > 0",
            "{{type}} {{code}}",
        ),
    ),
    lines(
        About(
            "Tried again",
            "Attempts a second that failed and were queued again, and those whose worker "
            "vanished. Some are normal when something was restarted; for long they are not.",
            unit="ops",
            limits=(0.1, 1),
        ),
        Line(counted(rate("coreskills_jobs_retried_total"), "worker"), "retried"),
        Line(counted(rate("coreskills_jobs_crashed_total"), "worker"), "worker vanished"),
    ),
]
TIMES = [
    lines(
        About(
            "Time in the queue",
            "From when a job was due until a worker took it. It rises first when there are too "
            "few workers.",
            unit="s",
            limits=(5, 30),
        ),
        Line(quantile(0.5, QUEUED), "p50"),
        Line(quantile(0.95, QUEUED), "p95"),
        Line(quantile(0.99, QUEUED), "p99"),
    ),
    lines(
        About("Time at work", "p95 of the time a worker spent on a job, by type.", unit="s"),
        Line(most(quantile(0.95, RUN, by="type")), "{{type}}"),
    ),
]
ENGINE = [
    names(
        About(
            "Engine",
            "Which engine executes the commands: pwsh, or native where there is no PowerShell.",
            width=4,
        ),
        Line(
            f"max by (engine, version) ({of('coreskills_engine_info')})", "{{engine}} {{version}}"
        ),
    ),
    lines(
        About("Commands", "Commands a second, by name.", unit="ops", width=10),
        Line(most(rate(CALLS, by="command")), "{{command}}"),
        stacked=True,
    ),
    lines(
        About(
            "Commands that were refused",
            "Share that ended with a code instead of an answer. Refusals of a lesson are usual.",
            unit="percentunit",
            width=10,
        ),
        Line(share(rate(CALLS, 'outcome!="ok"'), rate(CALLS)), "refused"),
    ),
    lines(
        About("Time of a command", "p95 of the time until the engine answered.", unit="s"),
        Line(most(quantile(0.95, CALL, by="command")), "{{command}}"),
    ),
    lines(
        About(
            "Engine restarts",
            "Hosts that were given up, a second: recycled after a while, or because they failed.",
            unit="ops",
            limits=(0.05, 0.5),
        ),
        Line(counted(rate("coreskills_engine_restarts_total"), "worker"), "restarts"),
    ),
]

BOARD = Board(
    "jobs",
    "CoreSkills Jobs",
    "What becomes of what was accepted: waiting, work, failures, and the engine behind it.",
    [("Now", QUEUE), ("Flow", FLOW), ("Time", TIMES), ("Engine", ENGINE)],
)
