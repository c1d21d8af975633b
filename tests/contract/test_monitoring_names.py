"""Dashboards and rules ask for metrics that there are, with labels that these have."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from coreskills.telemetry import figures, metrics, work
from coreskills.telemetry.families import NAMES
from tests.dashboard_rules import queries
from tests.dashboards import BOARDS
from tests.promql import Selector, selectors

FOLDER = Path(__file__).parents[2] / "observability"
RULES = sorted([*FOLDER.glob("prometheus/rules/*.yml"), *FOLDER.glob("prometheus/slo/*/*.yml")])
ADDED = {"job", "instance", "le"}  # by Prometheus, and by histograms
OTHERS = ("alertmanager_", "prometheus_")  # of programs that are not ours


def asked_by_rules(path: Path) -> list[str]:
    groups = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def recorded() -> set[str]:
    return {
        rule["record"]
        for path in RULES
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "record" in rule
    }


def asked() -> Iterator[tuple[str, Selector]]:
    for path in RULES:
        yield from ((path.stem, each) for q in asked_by_rules(path) for each in selectors(q))
    for name, board in BOARDS.items():
        yield from ((name, each) for q in queries(board) for each in selectors(q))


def known(metric: str) -> set[str] | None:
    """Its labels; None: there is no such metric."""
    name = re.sub("_(bucket|sum|count)$", "", metric)
    for candidate in (metric, name):
        if candidate in NAMES:
            return {*NAMES[candidate].labels, *ADDED}
    return set(ADDED) if metric == "up" else None


def test_the_metrics_are_declared():
    assert all(module.__name__ for module in (figures, metrics, work))  # they declare them
    assert len(NAMES) > 40


@pytest.mark.parametrize("selector", sorted({s for _, s in asked()}, key=str), ids=str)
def test_what_is_asked_for_is_there(selector: Selector):
    if selector.metric in recorded() or selector.metric.startswith(OTHERS):
        return
    labels = known(selector.metric)
    assert labels is not None, f"there is no {selector.metric}"
    wanted = {re.split("=~|!~|!=|=", matcher)[0] for matcher in selector.matchers}
    assert wanted <= labels, f"{selector.metric} has no {wanted - labels}"


def test_every_metric_of_ours_is_shown_or_watched():
    shown = {known_name(selector.metric) for _, selector in asked()}
    assert {name for name in NAMES if name.startswith("coreskills_")} - shown == set()


def known_name(metric: str) -> str:
    return metric if metric in NAMES else re.sub("_(bucket|sum|count)$", "", metric)


def test_the_objectives_that_are_shown_are_those_of_the_alerts():
    """0.995 is shown as a limit of the dial, and recorded by the rules."""
    dials = [panel for panel in BOARDS["slo"]["panels"] if panel["type"] == "gauge"]
    shown = [panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"] for panel in dials]
    for path in FOLDER.glob("prometheus/slo/*/slo.yml"):
        promised = re.findall(
            r"record: slo:objective:ratio\n\s+expr: vector\(([\d.]+)\)", path.read_text()
        )
        assert [float(number) for number in promised] == shown, path
