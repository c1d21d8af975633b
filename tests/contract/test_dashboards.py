"""Dashboards keep the 17 rules of Grafana's linter, and ours; each rule sees a planted fault."""

import copy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from scripts.ask_panels import shown
from tests.conftest import missing
from tests.dashboard_rules import RULES, Json, panels, queries, targets
from tests.dashboards import BOARDS, FOLDER, asked
from tests.promql import faults

ROOT = Path(__file__).parents[2]
NAMES = {"command-center", "devices", "identity", "jobs", "postgresql", "redis", "slo"}


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    return found or missing("promtool (Debian: prometheus)")


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
@pytest.mark.parametrize("name", list(RULES))
def test_every_dashboard_keeps_the_rule(name: str, board: Json):
    assert list(RULES[name](board)) == []


def test_these_are_the_rules_of_the_linter():
    assert len(RULES) == 17


def _variable(position: int, **changes: object) -> Callable[[Json], None]:
    return lambda board: board["templating"]["list"][position].update(changes)


def _panel(**changes: object) -> Callable[[Json], None]:
    return lambda board: panels(board)[0].update(changes)


def _query(text: str) -> Callable[[Json], None]:
    return lambda board: panels(board)[0]["targets"][0].update(expr=text)


def _logs(text: str) -> Callable[[Json], None]:
    asked = {"expr": text, "datasource": {"type": "loki", "uid": "${datasource}"}, "refId": "A"}
    return _panel(targets=[asked])


CHOSEN = 'job=~"$job", instance=~"$instance"'
PLANTED = [
    ("template-datasource-rule", _variable(0, name="source")),
    ("template-job-rule", _variable(1, allValue=".*")),
    ("template-instance-rule", _variable(2, name="machine")),
    ("template-label-promql-rule", _variable(1, query="values(up, job)")),
    ("template-on-time-change-reload-rule", _variable(1, refresh=1)),
    ("panel-datasource-rule", _panel(datasource={"type": "prometheus", "uid": "prometheus"})),
    ("panel-title-description-rule", _panel(description="")),
    ("panel-units-rule", _panel(fieldConfig={"defaults": {"unit": "furlongs"}})),
    ("panel-no-targets-rule", _panel(targets=[])),
    ("target-logql-rule", _logs('{service="api"}')),
    ("target-logql-auto-rule", _logs('rate({service="api"}[5m])')),
    ("target-promql-rule", _query("")),
    ("target-rate-interval-rule", _query(f"sum(rate(a_total{{{CHOSEN}}}[5m]))")),
    ("target-job-rule", _query('up{instance=~"$instance"} / up{job=~"$job"}')),
    ("target-job-rule", _query(f"sum by (job) (up) + up{{{CHOSEN}}}")),
    ("target-instance-rule", _query('up{job=~"$job", instance="$instance"}')),
    ("target-counter-agg-rule", _query(f"sum(a_total{{{CHOSEN}}})")),
    ("target-counter-agg-rule", _query(f"max_over_time(a_total{{{CHOSEN}}}[$__range])")),
    ("uneditable-dashboard", lambda board: board.update(editable=True)),
]


def test_a_fault_is_planted_for_every_rule():
    assert {name for name, _ in PLANTED} == set(RULES)


@pytest.mark.parametrize(("name", "plant"), PLANTED)
def test_the_rule_sees_a_planted_fault(name: str, plant: Callable[[Json], None]):
    board = copy.deepcopy(BOARDS["command-center"])
    plant(board)
    assert list(RULES[name](board))


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_prometheus_can_read_every_query(board: Json, promtool: str, tmp_path: Path):
    assert faults(promtool, queries(board), tmp_path) == []


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_without_grafana_no_variable_of_its_is_left_in_a_query(board: Json):
    assert [query for query in queries(board) if "$" in shown(query)] == []


def test_prometheus_would_say_what_it_cannot_read(promtool: str, tmp_path: Path):
    assert "parse error" in "\n".join(faults(promtool, ["sum(up", "up"], tmp_path))


def test_the_dashboards_are_those_that_the_code_makes():
    script = ROOT / "scripts" / "make_dashboards.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, f"{done.stderr}; run: just dashboards"
    assert set(BOARDS) == NAMES


def test_dashboards_and_panels_can_be_linked_to():
    assert {board["uid"] for board in BOARDS.values()} == {f"coreskills-{name}" for name in NAMES}
    for board in BOARDS.values():
        ids = [panel["id"] for panel in board["panels"]]
        assert ids == list(range(1, len(ids) + 1))


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_every_panel_has_a_legend_thresholds_and_a_word_for_no_data(board: Json):
    for panel in panels(board):
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["noValue"] == "no data", panel["title"]
        assert defaults["thresholds"]["steps"][0]["value"] is None, panel["title"]
        bounds = [step["value"] for step in defaults["thresholds"]["steps"][1:]]
        assert bounds == sorted(bounds), panel["title"]
    for panel, target in targets(board):
        assert target["legendFormat"], panel["title"]
        assert target["refId"], panel["title"]


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_no_panel_covers_another(board: Json):
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, panel["title"]
        assert all(x < 24 for x, _ in cells), panel["title"]
        taken |= cells


def test_the_command_center_has_the_eight_panels_of_the_original_and_is_fresh():
    board = BOARDS["command-center"]
    assert [panel["title"] for panel in panels(board)][:8] == [
        "Services up",
        "PostgreSQL",
        "Redis",
        "API status",
        "Request rate",
        "Response time",
        "Error rate",
        "Status distribution",
    ]
    times = next(panel for panel in panels(board) if panel["title"] == "Response time")
    assert [target["legendFormat"] for target in times["targets"]] == ["mean", "p50", "p95", "p99"]
    assert board["refresh"] == "5s"


def test_grafana_is_told_of_one_prometheus_and_one_folder():
    read = {
        path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in FOLDER.glob("provisioning/*/*.yaml")
    }
    (source,) = read["datasources"]["datasources"]
    assert (source["uid"], source["type"], source["editable"]) == (
        "prometheus",
        "prometheus",
        False,
    )
    (provider,) = read["dashboards"]["providers"]
    assert provider["allowUiUpdates"] is False
    assert provider["options"]["path"] == "/etc/grafana/dashboards"


def test_the_panel_of_failed_jobs_lists_only_what_happens():
    assert asked("jobs", "Failed, by reason").endswith(" > 0")
