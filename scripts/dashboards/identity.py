"""The people of the district, what happens to their accounts, and who logs in."""

from .board import Board
from .panels import About, Line, bars, lines, number
from .queries import increase, most, rate, total

PEOPLE = "coreskills_people"
KNOWN = total(PEOPLE, 'state!="purged"', by="type, state")
FINISHED = "coreskills_jobs_finished_total"
COMPLETED = 'outcome="completed"'

NOW = [
    number(
        About("Students", "Students with an active account.", width=4, height=6),
        total(PEOPLE, 'type="student"', 'state="active"'),
    ),
    number(
        About("Staff", "Staff with an active account.", width=4, height=6),
        total(PEOPLE, 'type="staff"', 'state="active"'),
    ),
    number(
        About(
            "Staged",
            "Accounts that wait for their first day.",
            width=4,
            height=6,
        ),
        total(PEOPLE, 'state="staged"'),
    ),
    number(
        About(
            "Failed",
            "Accounts that could not be made. Each needs somebody: `coreskills list users`.",
            width=4,
            height=6,
            limits=(1, 5),
        ),
        total(PEOPLE, 'state="failed"'),
    ),
    bars(
        About("Accounts by state", "Everybody, by the state of the account.", width=8, height=6),
        Line(total(PEOPLE, by="state"), "{{state}}"),
    ),
]
LIFECYCLE = [
    lines(
        About("People over time", "Everybody who is not purged, by type and state."),
        Line(f"{KNOWN} > 0", "{{type}} {{state}}"),
        stacked=True,
    ),
    lines(
        About(
            "What happened to accounts",
            "Jobs a second that changed accounts, by type: joiners, movers and leavers.",
            unit="ops",
        ),
        Line(
            most(
                rate(
                    FINISHED,
                    COMPLETED,
                    'type=~"create_.*|.*_account|.*_cohort|update_person"',
                    by="type",
                )
            ),
            "{{type}}",
        ),
        stacked=True,
    ),
    number(
        About("Joiners", "Students and staff taken in, in the time shown.", width=6, height=6),
        increase(FINISHED, COMPLETED, 'type=~"create_student|create_staff"'),
    ),
    number(
        About("Leavers", "Accounts disabled, in the time shown.", width=6, height=6),
        increase(FINISHED, COMPLETED, 'type="disable_account"'),
    ),
    number(
        About("Trail", "Entries of the audit trail.", width=6, height=6),
        total("coreskills_audit_records"),
    ),
    number(
        About(
            "Not sealed yet",
            "Entries of the trail that no seal covers so far. More and more: no leader seals.",
            width=6,
            height=6,
            limits=(1000, 10000),
        ),
        total("coreskills_audit_unsealed"),
    ),
]
ACCESS = [
    lines(
        About(
            "Logins",
            "Logins a second, by outcome. Many refusals from nowhere: somebody guesses.",
            unit="ops",
        ),
        Line(rate("coreskills_logins_total", by="outcome"), "{{outcome}}"),
    ),
    lines(
        About(
            "Refused requests",
            "Requests a second without a valid token (401), without the right (403), or too many "
            "(429).",
            unit="reqps",
        ),
        Line(rate("flask_http_request_total", 'status=~"401|403|429"', by="status"), "{{status}}"),
    ),
]

BOARD = Board(
    "identity",
    "CoreSkills Identity",
    "The people of the district, what happens to their accounts, and who logs in.",
    [("Now", NOW), ("Lifecycle", LIFECYCLE), ("Access", ACCESS)],
)
