"""The devices, and what the policies say of them."""

from .board import Board
from .panels import About, Line, bars, dial, lines, number
from .queries import rate, share, total

DEVICES = "coreskills_devices"
RESULTS = "coreskills_policy_results"
BROKEN = total(RESULTS, 'outcome="fail"', by="policy")

COMPLIANCE = [
    number(
        About("Devices", "Devices that are not retired.", width=4, height=7),
        total(DEVICES),
    ),
    dial(
        About(
            "Compliant",
            "Share of devices that no policy objects to.",
            unit="percentunit",
            width=6,
            height=7,
            limits=(0.8, 0.95),
            low=True,
            most=1,
        ),
        Line(share(total(DEVICES, 'compliance="compliant"'), total(DEVICES)), "compliant"),
    ),
    bars(
        About("By compliance", "Devices, by what the policies say of them.", width=14, height=7),
        Line(total(DEVICES, by="compliance"), "{{compliance}}"),
    ),
    lines(
        About("Compliance over time", "Devices, by what the policies say of them.", width=24),
        Line(total(DEVICES, by="compliance"), "{{compliance}}"),
        stacked=True,
    ),
]
POLICIES = [
    bars(
        About(
            "Devices that fail, by policy",
            "How many devices break each policy; `coreskills policies results` names them.",
            limits=(1, 5),
        ),
        Line(f"sort_desc({BROKEN})", "{{policy}}"),
    ),
    lines(
        About("Results", "What the policies found, over all devices and policies."),
        Line(total(RESULTS, by="outcome"), "{{outcome}}"),
        stacked=True,
    ),
    lines(
        About(
            "Cannot be told",
            "Share of results that are neither pass nor fail: a fact is missing, or the rule "
            "makes no sense.",
            unit="percentunit",
            limits=(0.1, 0.5),
        ),
        Line(share(total(RESULTS, 'outcome=~"unknown|error"'), total(RESULTS)), "unknown or error"),
    ),
    lines(
        About(
            "Work on devices",
            "Jobs a second that concern devices and policies, by type.",
            unit="ops",
        ),
        Line(
            rate("coreskills_jobs_finished_total", 'type=~"device_.*|policy_.*"', by="type"),
            "{{type}}",
        ),
        stacked=True,
    ),
]
REPORTS = [
    lines(
        About(
            "Reports of devices",
            "Requests a second that concern devices, by route.",
            unit="reqps",
            width=24,
        ),
        Line(
            rate("flask_http_request_total", 'route=~"/api/v1/devices.*"', by="route"), "{{route}}"
        ),
    ),
]

BOARD = Board(
    "devices",
    "CoreSkills Devices and policies",
    "The devices of the district, and what the policies say of them.",
    [("Compliance", COMPLIANCE), ("Policies", POLICIES), ("Requests", REPORTS)],
    since="now-1h",
)
