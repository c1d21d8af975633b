"""An instance that was started with traces, as a person sees it and as a collector does."""

import json
import os

import pytest

from tests.collector import collecting
from tests.pipeline import until

pytestmark = pytest.mark.e2e


def test_an_instance_tells_a_collector_and_keeps_the_last_traces(new_instance):
    with collecting() as collector:
        wanted = {"CORESKILLS_TRACING": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
        instance = new_instance(popen={"env": dict(os.environ) | wanted})
        instance.start("--no-seed")
        id = instance.json("jobs", "submit", "self_test")["job_id"]
        trace = until(lambda: completed(instance.json("jobs", "trace", str(id))))
        drawn = instance.run("jobs", "trace", str(id)).stdout
        lines = [
            json.loads(text)
            for text in instance.run("logs", "--job", str(id), "--json").stdout.splitlines()
        ]

    assert {step["service"] for step in trace["steps"]} == {"api", "worker"}
    assert [step["name"] for step in trace["steps"] if step["depth"] == 0] == ["POST /api/v1/jobs"]
    assert "run self_test" in drawn
    (trace_id,) = {step["trace_id"] for step in trace["steps"]}
    assert {line["trace_id"] for line in lines} == {trace_id}
    assert {line["service"] for line in lines} == {"api", "worker"}
    told = collector.traces()[bytes.fromhex(trace_id)]
    assert {span.span_id.hex() for span in told} >= {step["span_id"] for step in trace["steps"]}


def completed(trace: dict) -> dict | None:
    done = trace["status"] == "completed" and trace["complete"] and trace["source"] == "trace"
    return trace if done else None


def test_an_instance_without_the_optional_part_does_not_start_with_traces(new_instance, tmp_path):
    (tmp_path / "opentelemetry.py").write_text("raise ModuleNotFoundError('opentelemetry')")
    environment = dict(os.environ) | {"CORESKILLS_TRACING": "true"}
    environment["PYTHONPATH"] = f"{tmp_path}:{environment.get('PYTHONPATH', '')}"
    done = new_instance(popen={"env": environment}).run("start")
    assert done.returncode == 4
    assert "tracing.installed" in done.stderr
    assert "coreskills[tracing]" in done.stderr
