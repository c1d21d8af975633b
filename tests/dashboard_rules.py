"""The 17 rules of Grafana's dashboard-linter, in our words, and what they say against a dashboard.

Stricter than the original: they hold for every panel, not only for the kinds that it knows. Names
and meaning are those of docs/index.md in grafana/dashboard-linter (at 4d0844b).
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.promql import Selector, selectors

Json = dict[str, Any]
UNITS = {
    "none", "short", "percent", "percentunit", "string", "bytes", "decbytes", "bits", "Bps", "bps",
    "s", "ms", "ns", "m", "h", "d", "dtdurations", "hertz", "cps", "ops", "reqps", "rps", "wps",
    "iops", "bool", "bool_yes_no", "bool_on_off", "dateTimeAsIso", "dateTimeFromNow",
}  # fmt: skip
SOURCES = ("$datasource", "${datasource}")
Rule = Callable[[Json], Iterator[str]]
RULES: dict[str, Rule] = {}


def rule(name: str) -> Callable[[Rule], Rule]:
    def added(check: Rule) -> Rule:
        RULES[name] = check
        return check

    return added


def panels(board: Json) -> list[Json]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def targets(board: Json) -> Iterator[tuple[Json, Json]]:
    for panel in panels(board):
        for target in panel.get("targets") or []:
            yield panel, target


def queries(board: Json) -> list[str]:
    return [target["expr"] for _, target in targets(board)]


def variables(board: Json, kind: str) -> list[Json]:
    return [v for v in board["templating"].get("list", []) if v["type"] == kind]


@rule("template-datasource-rule")
def _the_source_is_a_variable(board: Json) -> Iterator[str]:
    found = [(v["name"], v.get("label"), v["query"]) for v in variables(board, "datasource")]
    if found != [("datasource", "Data source", "prometheus")]:
        yield f"the variable of the data source is {found}"


@rule("template-job-rule")
def _the_job_is_a_variable(board: Json) -> Iterator[str]:
    yield from _is_chosen(board, "job")


@rule("template-instance-rule")
def _the_instance_is_a_variable(board: Json) -> Iterator[str]:
    yield from _is_chosen(board, "instance")


@rule("template-label-promql-rule")
def _variables_ask_what_they_can(board: Json) -> Iterator[str]:
    for variable in variables(board, "query"):
        found = re.fullmatch(r"(\w+)\((.+)\)", variable["query"])
        known = ("label_names", "label_values", "metrics", "query_result")
        if not found or found[1] not in known or not list(selectors(found[2])):
            yield f"{variable['name']} asks {variable['query']}"


@rule("template-on-time-change-reload-rule")
def _variables_follow_the_time(board: Json) -> Iterator[str]:
    yield from (v["name"] for v in variables(board, "query") if v.get("refresh") != 2)


@rule("panel-datasource-rule")
def _panels_use_the_variable(board: Json) -> Iterator[str]:
    for panel in panels(board):
        if panel.get("datasource", {}).get("uid") not in SOURCES:
            yield panel["title"]


@rule("panel-title-description-rule")
def _panels_say_what_they_show(board: Json) -> Iterator[str]:
    for panel in panels(board):
        if not panel.get("title") or not panel.get("description"):
            yield f"panel {panel['id']}"


@rule("panel-units-rule")
def _panels_have_a_unit(board: Json) -> Iterator[str]:
    for panel in panels(board):
        unit = panel["fieldConfig"]["defaults"].get("unit")
        if unit not in UNITS:
            yield f"{panel['title']}: {unit}"


@rule("panel-no-targets-rule")
def _panels_ask_something(board: Json) -> Iterator[str]:
    yield from (panel["title"] for panel in panels(board) if not panel.get("targets"))


@rule("target-logql-rule")
def _logs_are_asked_in_logql(board: Json) -> Iterator[str]:
    """No dashboard of ours asks Loki yet. One that did would need a parser here first."""
    for panel, target in targets(board):
        if target.get("datasource", {}).get("type") == "loki":
            yield f"{panel['title']}: {target['expr']} cannot be checked"


@rule("target-logql-auto-rule")
def _logs_are_counted_over_what_is_shown(board: Json) -> Iterator[str]:
    for panel, target in targets(board):
        of_loki = target.get("datasource", {}).get("type") == "loki"
        if of_loki and re.search(r"\[\d+\w+\]", target["expr"]):
            yield f"{panel['title']}: {target['expr']}"


@rule("target-promql-rule")
def _queries_can_be_read(board: Json) -> Iterator[str]:
    """That each is asked for something; its grammar is left to promtool, in the test."""
    for panel, target in targets(board):
        if not target.get("expr") or not list(selectors(target["expr"])):
            yield f"{panel['title']}: {target.get('expr')}"


@rule("target-rate-interval-rule")
def _rates_follow_the_interval(board: Json) -> Iterator[str]:
    for panel, selector in _selected(board):
        if selector.function in ("rate", "irate") and selector.window != "$__rate_interval":
            yield f"{panel['title']}: {selector.metric}[{selector.window}]"


@rule("target-job-rule")
def _queries_follow_the_job(board: Json) -> Iterator[str]:
    yield from _without(board, 'job=~"$job"')


@rule("target-instance-rule")
def _queries_follow_the_instance(board: Json) -> Iterator[str]:
    yield from _without(board, 'instance=~"$instance"')


@rule("target-counter-agg-rule")
def _counters_are_rated(board: Json) -> Iterator[str]:
    for panel, selector in _selected(board):
        if selector.metric.endswith("_total") and selector.function not in (
            "rate",
            "irate",
            "increase",
        ):
            yield f"{panel['title']}: {selector.metric}"


@rule("uneditable-dashboard")
def _nobody_edits_it(board: Json) -> Iterator[str]:
    if board.get("editable", True):
        yield "it can be edited"


def _is_chosen(board: Json, name: str) -> Iterator[str]:
    found = [v for v in variables(board, "query") if v["name"] == name]
    if not found:
        yield f"there is no variable {name}"
    for variable in found:
        wanted = {"label": name.capitalize(), "multi": True, "allValue": ".+", "includeAll": True}
        wrong = {key: variable.get(key) for key in wanted if variable.get(key) != wanted[key]}
        if wrong or variable["datasource"]["uid"] not in SOURCES:
            yield f"{name}: {wrong or variable['datasource']}"


def _selected(board: Json) -> Iterator[tuple[Json, Selector]]:
    for panel, target in targets(board):
        for selector in selectors(target["expr"]):
            yield panel, selector


def _without(board: Json, matcher: str) -> Iterator[str]:
    for panel, selector in _selected(board):
        if matcher not in selector.matchers:
            yield f"{panel['title']}: {selector.metric}"
