"""The panels of the original that could not tell the truth, beside ours on the same figures.

Its queries are kept in their form: a division of what was not added up, and a mean over a whole
life. Ours are read from the dashboard. That two more of its panels showed PostgreSQL and Redis as
down for ever is seen in tests/e2e/test_dashboards_live.py.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import missing
from tests.dashboards import asked

THEIR_ERRORS = (
    'rate(flask_http_request_total{status=~"5.."}[5m]) / rate(flask_http_request_total[5m]) * 100'
)
THEIR_TIME = "flask_http_request_duration_seconds_sum / flask_http_request_duration_seconds_count"
LABELS = 'job="api", instance="a", method="GET", route="/api/v1/users"'
Series = list[dict[str, str]]


def ours(panel: str, legend: str) -> str:
    return asked("command-center", panel, legend, interval="5m")


def series(metric: str, values: str, **labels: str) -> dict[str, str]:
    more = "".join(f', {name}="{value}"' for name, value in labels.items())
    return {"series": f"{metric}{{{LABELS}{more}}}", "values": values}


@pytest.fixture
def answers(tmp_path: Path) -> Any:
    """What promtool says that a query answers after so many minutes: the highest value."""
    promtool = shutil.which("promtool") or missing("promtool (Debian: prometheus)")

    def ask(query: str, given: Series, minutes: int, expected: float) -> str:
        sample = {"labels": "{}", "value": expected}
        asked = {
            "expr": f"round(max({query}), 0.001)",
            "eval_time": f"{minutes}m",
            "exp_samples": [sample],
        }
        test = {"interval": "1m", "input_series": given, "promql_expr_test": [asked]}
        path = tmp_path / "test.yml"
        path.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [test]}))
        done = subprocess.run(
            [promtool, "test", "rules", str(path)], capture_output=True, text=True, timeout=60
        )
        return "" if done.returncode == 0 else done.stdout + done.stderr

    return ask


@pytest.fixture
def one_of_a_hundred_fails() -> Series:
    return [
        series("flask_http_request_total", "0+99x20", status="200"),
        series("flask_http_request_total", "0+1x20", status="500"),
    ]


@pytest.fixture
def quick_for_an_hour_and_then_slow() -> Series:
    """100 requests a minute: of 10 ms for an hour, of 1 s for ten minutes."""
    return [
        series("flask_http_request_duration_seconds_sum", "0+1x60 160+100x10", status="200"),
        series("flask_http_request_duration_seconds_count", "0+100x71", status="200"),
    ]


def test_one_failure_of_a_hundred_was_100_percent_and_is_1(answers, one_of_a_hundred_fails):
    assert not answers(THEIR_ERRORS, one_of_a_hundred_fails, 20, 100)
    assert not answers(ours("Error rate", "failed"), one_of_a_hundred_fails, 20, 0.01)


def test_no_failure_at_all_is_0_and_no_request_at_all_is_nothing(answers):
    fine = [series("flask_http_request_total", "0+99x20", status="200")]
    silent = [series("flask_http_request_total", "99x20", status="200")]
    assert not answers(ours("Error rate", "failed"), fine, 20, 0)
    assert "got: nil" in answers(ours("Error rate", "failed"), silent, 20, 0)


def test_a_slow_api_was_not_seen_and_is(answers, quick_for_an_hour_and_then_slow):
    assert not answers(THEIR_TIME, quick_for_an_hour_and_then_slow, 70, 0.151)
    assert not answers(ours("Response time", "mean"), quick_for_an_hour_and_then_slow, 70, 1)


def test_a_wrong_expectation_is_told(answers, one_of_a_hundred_fails):
    assert "got:" in answers(ours("Error rate", "failed"), one_of_a_hundred_fails, 20, 0.5)
