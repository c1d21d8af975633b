"""Are the promises kept, and how fast is the room for failure used up?

The figures are made from what was counted, so that they hold for the time that is shown, whichever
that is. The alerts look at fixed windows: observability/prometheus/slo.
"""

from .board import Board
from .panels import About, Line, dial, lines, number
from .queries import ASKED, REQUESTS, SECONDS, increase, of, share

AVAILABLE, QUICK, FRESH = 0.995, 0.99, 0.99  # objectives; those of the alerts
SLOWEST, STALEST = "0.5", 30  # seconds that a request and a job may take

BAD = increase(REQUESTS, ASKED, 'status=~"5.."', over="@")
ALL = increase(REQUESTS, ASKED, over="@")
# Two rates of one histogram are not read at one moment: a little less than nothing is nothing.
SLOW = (
    f"clamp_min({increase(f'{SECONDS}_count', ASKED, over='@')}"
    f""" - {increase(f"{SECONDS}_bucket", ASKED, f'le="{SLOWEST}"', over="@")}, 0)"""
)
TIMED = increase(f"{SECONDS}_count", ASKED, over="@")
STALE = f"avg_over_time((max({of('coreskills_jobs_oldest_age_seconds')}) > bool {STALEST})[@:])"
FAILING = {
    "availability": (share(BAD, ALL), AVAILABLE),
    "latency": (share(SLOW, TIMED), QUICK),
    "freshness of jobs": (STALE, FRESH),
}
SENTENCES = {
    "availability": "requests that the system answered (no 5xx)",
    "latency": f"requests that took at most {SLOWEST} s",
    "freshness of jobs": f"the time in which no job waited for more than {STALEST} s",
}


def over(query: str, window: str) -> str:
    return query.replace("@", window)


def kept(name: str) -> object:
    failing, objective = FAILING[name]
    about = About(
        f"Objective: {name}",
        f"Share of {SENTENCES[name]}, in the time shown. The objective is {objective:.1%}.",
        unit="percentunit",
        width=8,
        height=7,
        limits=(objective, objective + (1 - objective) / 2),
        low=True,
        most=1,
    )
    return dial(about, Line(f"1 - {over(failing, '$__range')}", name))


def left(name: str) -> object:
    failing, objective = FAILING[name]
    about = About(
        f"Budget left: {name}",
        f"What may still fail in a time as long as the one shown: 100 % at first, 0 % when the "
        f"objective of {objective:.1%} is just kept, below 0 % when it is missed.",
        unit="percentunit",
        width=8,
        height=6,
        limits=(0, 0.5),
        low=True,
    )
    expr = f"1 - ({over(failing, '$__range')}) / {1 - objective:.3g}"
    return number(about, expr).min(-1)


def burning(window: str, meaning: str) -> object:
    about = About(
        f"Burn rate, {window}",
        f"How many times faster than allowed the budget is used, over {window}. 1: exactly used "
        f"up at the end of the period. {meaning}",
        limits=(1, 4.8),
    )
    shown = [
        Line(f"({over(failing, window)}) / {1 - objective:.3g}", name)
        for name, (failing, objective) in FAILING.items()
    ]
    return lines(about, *shown)


BOARD = Board(
    "slo",
    "CoreSkills Objectives",
    "Are the promises kept, and how fast is the room for failure used up?",
    [
        ("Objectives", [kept(name) for name in FAILING]),
        ("Error budget", [left(name) for name in FAILING]),
        (
            "Burn rate",
            [
                burning("10m", "Tells soon, and is nervous."),
                burning("1h", "Tells late, and is sure."),
            ],
        ),
    ],
    since="now-8h",
    refresh="30s",
)
