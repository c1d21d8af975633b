"""Every alert is proven to fire and to keep quiet, and says where its runbook is."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from coreskills import server as _server  # noqa: F401  declares the metrics of the API
from coreskills.config import Settings
from coreskills.telemetry.families import NAMES
from coreskills.telemetry.metrics import BUCKETS
from coreskills.worker import process as _worker  # noqa: F401  declares the metrics of a worker
from tests.conftest import missing

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "observability" / "prometheus"
RUNBOOKS = ROOT / "docs" / "runbooks"
PERIODS = ("8h", "30d")
HEADINGS = ["What it means", "How to see it", "How to repair it"]
ALWAYS_FIRES = {"Watchdog"}
SEVERITIES = {"page", "ticket", "inform", "none"}
BEHIND_IT = {"inform", "none"}
OBJECTIVES = ("ApiErrorBudget", "ApiLatencyBudget", "JobFreshnessBudget")
SYMPTOMS = {"ApiDown", "PostgresDown"} | {
    f"{name}{word}" for name in OBJECTIVES for word in ("Burning", "Leaking")
}


@dataclass(frozen=True)
class Alert:
    name: str
    source: str  # common, or the period of its objective
    rule: dict[str, Any]


def parsed(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def alerts() -> Iterator[Alert]:
    sources = [("common", path) for path in (FOLDER / "rules").glob("*.yml")]
    sources += [(period, FOLDER / "slo" / period / "slo.yml") for period in PERIODS]
    for source, path in sources:
        for group in parsed(path)["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    yield Alert(rule["alert"], source, rule)


ALERTS = list(alerts())
RULES = [*FOLDER.glob("rules/*.yml"), *FOLDER.glob("slo/*/*.yml")]


def expectations(alert: Alert) -> Iterator[bool]:
    """Of each case in the tests of this alert's own rules: whether it is to fire."""
    return (fires for _, fires in cases(alert))


def cases(alert: Alert) -> Iterator[tuple[dict[str, Any], bool]]:
    """Of each: the test it is in, and whether the alert is to fire."""
    for path in (FOLDER / "tests").glob("*.yml"):
        page = parsed(path)
        own = "causes.yml" if alert.source == "common" else f"slo/{alert.source}/"
        if not any(own in name for name in page["rule_files"]):
            continue
        for test in page["tests"]:
            assert test["input_series"], test["name"]
            for case in test["alert_rule_test"]:
                if case["alertname"] == alert.name:
                    yield test, bool(case["exp_alerts"])


def is_born_late(test: dict[str, Any]) -> bool:
    """Whether a counter was never seen before it counted."""
    return any(str(series["values"]).startswith("_") for series in test["input_series"])


def run(*command: str) -> str:
    program = shutil.which(command[0])
    if program is None:
        missing(command[0])
    done = subprocess.run(
        [str(program), *command[1:]], capture_output=True, text=True, timeout=170, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.source}")
def test_every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not(alert):
    wanted = {True} if alert.name in ALWAYS_FIRES else {True, False}
    assert set(expectations(alert)) == wanted


def test_an_alert_that_knows_counters_that_are_born_at_1_is_tested_with_one():
    knowing = [a for a in ALERTS if re.search(r"unless\s.*offset", a.rule["expr"], re.DOTALL)]
    assert {alert.name for alert in knowing} == {"JobsDie", "WorkersCrash"}
    for alert in knowing:
        assert any(fires and is_born_late(test) for test, fires in cases(alert)), alert.name


def test_the_rules_do_what_their_tests_say():
    tests = sorted(str(path) for path in (FOLDER / "tests").glob("*.yml"))
    assert run("promtool", "test", "rules", *tests).count("SUCCESS") == len(tests) == 5


def test_promtool_finds_no_fault_in_the_rules():
    files = [str(path) for path in [*FOLDER.glob("rules/*.yml"), *FOLDER.glob("slo/*/*.yml")]]
    assert run("promtool", "check", "rules", *files).count("SUCCESS") == len(files)


@pytest.mark.parametrize(
    ("labels", "muted_by"),
    [
        ({"alertname": "ApiErrorBudgetBurning"}, {"PostgresDown", "ApiDown"}),
        ({"alertname": "JobFreshnessBudgetBurning"}, {"PostgresDown"}),
        ({"alertname": "RedisDown"}, set()),
        ({"alertname": "PostgresDown"}, set()),
        ({"alertname": "ApiDown"}, set()),
    ],
    ids=lambda value: value.get("alertname") if isinstance(value, dict) else None,
)
def test_what_is_a_consequence_is_muted_by_its_reason(labels, muted_by):
    alert = next(a for a in ALERTS if a.name == labels["alertname"])
    routes = parsed(ROOT / "observability" / "alertmanager" / "alertmanager.yml")
    found = {
        source.split("=")[1].strip()
        for rule in routes["inhibit_rules"]
        for source in rule["source_matchers"]
        if all(matches(matcher, alert.rule["labels"]) for matcher in rule["target_matchers"])
    }
    assert found == muted_by


def matches(matcher: str, labels: dict[str, str]) -> bool:
    name, operator, value = re.fullmatch(r"(\w+) (=~|=) (.*)", matcher).groups()
    found, value = labels.get(name, ""), value.strip('"')
    return bool(re.fullmatch(value, found)) if operator == "=~" else found == value


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.source}")
def test_every_alert_leads_to_a_page_that_explains_it(alert):
    notes = alert.rule["annotations"]
    assert notes["runbook_url"] == f"docs/runbooks/{alert.name}.md"
    text = (ROOT / notes["runbook_url"]).read_text(encoding="utf-8")
    assert text.startswith(f"# {alert.name}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    assert "./coreskills " in text, "it names no command"
    assert len(notes["summary"]) >= 15


def test_no_page_explains_an_alert_that_does_not_exist():
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == {alert.name for alert in ALERTS}


def test_symptoms_call_somebody_and_causes_do_not():
    for alert in ALERTS:
        severity = alert.rule["labels"]["severity"]
        assert severity in SEVERITIES
        assert (severity in BEHIND_IT) == (alert.name not in SYMPTOMS), alert.name


def test_the_table_of_the_runbooks_has_every_alert_under_its_severity():
    rows = re.findall(r"^\| (\w+) \|(.*)$", (RUNBOOKS / "README.md").read_text(), re.MULTILINE)
    told = {name: row[0] for row in rows for name in re.findall(r"\[(\w+)\]", row[1])}
    assert told == {alert.name: alert.rule["labels"]["severity"] for alert in ALERTS}


def test_the_same_alerts_are_there_in_a_class_and_in_production():
    names = [{a.name for a in ALERTS if a.source == period} for period in PERIODS]
    assert names[0] == names[1]


def test_the_generated_rules_are_up_to_date():
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "make_rules.py"), "--check"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stderr}; run: just rules"


def test_the_rules_ask_for_nothing_that_nobody_counts():
    ours = re.compile(r"\b(?<!:)(?:coreskills|flask|pg|redis)_\w+")
    rules = [r for path in RULES for group in parsed(path)["groups"] for r in group["rules"]]
    asked = {name for rule in rules for name in ours.findall(rule["expr"])}
    assert len(asked) > 10
    assert [n for n in asked if not {n, re.sub(r"_(bucket|count)$", "", n)} & set(NAMES)] == []


def test_the_rules_know_the_limits_of_the_code():
    queue = next(alert for alert in ALERTS if alert.name == "QueueFills")
    assert f"0.8 * {Settings().queue_limit}" in queue.rule["expr"]
    bounds = re.findall(r'le="([^"]+)"', (FOLDER / "slo/8h/slo.yml").read_text())
    assert {float(bound) for bound in bounds} <= set(BUCKETS)
