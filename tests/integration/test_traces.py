"""One trace from a request through the queue to the worker, its engine and the database, as a
collector sees it."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from coreskills.api.traced import Traced
from coreskills.config import Settings
from coreskills.errors import EngineFailed
from coreskills.server import create_app
from coreskills.store import roles
from coreskills.store.db import Database
from coreskills.telemetry import traces
from coreskills.worker.loop import Worker
from tests.client import Client
from tests.collector import Collector, collecting, told
from tests.integration.test_worker_processes import worker_processes
from tests.people import GRACE, tokens_for
from tests.pipeline import (
    FailingEngine,
    any_worker,
    ask,
    job,
    make_due,
    polling_worker,
    student,
    submit,
    until,
)
from tests.ports import free_port

LOAD = 200
EXTERNAL = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNASKED = (
    "INSERT INTO jobs (job_type, parameters, deadline_seconds, requested_by)"
    " VALUES ('self_test', '{}', 60, 'schedule:test')"
)
OF_A_JOB = {"queue", "claim", "run create_student", "engine New-KISDStudentAccount", "commit"}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture
def traced(collector: Collector, settings: Settings) -> Iterator[Settings]:
    wanted = replace(settings, tracing=True, otlp_endpoint=collector.endpoint)
    traces.enable("api", wanted)
    yield wanted
    traces.disable()


@contextmanager
def traced_api(settings: Settings, queue) -> Iterator[Client]:
    db = Database(settings, smallest=1, largest=4)
    app = create_app(db, queue, settings)
    client = Client(app, tokens_for(db), GRACE)
    # Flask's way to wrap an app
    app.wsgi_app = Traced(app.wsgi_app)  # type: ignore[method-assign]
    yield client
    db.close()


@pytest.fixture
def api(traced: Settings, queue) -> Iterator[Client]:
    with traced_api(traced, queue) as client:
        yield client


@pytest.fixture
def working_db(site, traced: Settings) -> Iterator[Database]:
    db = Database(replace(traced, database_url=site.url(roles.WORKER)), smallest=1, largest=4)
    yield db
    db.close()


@pytest.fixture
def kept(settings: Settings, queue, tmp_path) -> Iterator[tuple[Client, Settings]]:
    """An API that hands its spans to no collector."""
    wanted = replace(settings, tracing=True, traces_dir=str(tmp_path))
    traces.enable("api", wanted)
    with traced_api(wanted, queue) as client:
        yield client, wanted
    traces.disable()


def whole(trace: dict[str, Any]) -> dict[str, Any] | None:
    return trace if trace["status"] == "completed" and trace["complete"] else None


def by_name(spans: list[Span]) -> dict[str, Span]:
    return {span.name: span for span in spans}


def seconds(span: Span) -> float:
    return (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9


def batch(db: Database, settings: Settings) -> Worker:
    worker = polling_worker(db, replace(settings, batch_jobs=8))
    worker._size = 8
    return worker


def is_within(inner: Span, outer: Span) -> bool:
    return (inner.trace_id, inner.parent_span_id) == (outer.trace_id, outer.span_id)


def test_every_step_is_a_child_of_what_caused_it(api, working_db, traced, queue, collector):
    api.post("/api/v1/users/student", json=student(1))
    any_worker(working_db, queue, traced).run_once(wait_seconds=5)
    traces.disable()

    spans = by_name(collector.spans)
    request, accept = spans["POST /api/v1/users/student"], spans["accept create_student"]
    run, commit = spans["run create_student"], spans["commit"]
    assert {len(spans) for spans in collector.traces().values()} == {len(collector.spans)}
    assert request.parent_span_id == b""
    assert is_within(accept, request)
    assert all(is_within(spans[name], accept) for name in ("accept_job", "publish", "flush"))
    assert all(is_within(spans[name], accept) for name in ("queue", "claim", run.name))
    assert is_within(spans["engine New-KISDStudentAccount"], run)
    assert is_within(commit, run)
    assert all(is_within(spans[name], commit) for name in ("insert_user", "finish_jobs"))
    assert spans["queue"].end_time_unix_nano == spans["claim"].start_time_unix_nano
    assert told(request)["http.response.status_code"] == 202
    assert told(run)["coreskills.job.outcome"] == "completed"
    assert collector.paths == {"/v1/traces"}


def test_a_caller_that_traces_finds_our_work_in_its_own_trace(api, collector):
    api.post("/api/v1/jobs", json={"type": "self_test"}, headers={"traceparent": EXTERNAL})
    traces.disable()
    request = by_name(collector.spans)["POST /api/v1/jobs"]
    assert request.trace_id.hex() == EXTERNAL.split("-")[1]
    assert request.parent_span_id.hex() == EXTERNAL.split("-")[2]


def test_a_traceparent_that_is_none_begins_a_new_trace(api, collector):
    api.post("/api/v1/jobs", json={"type": "self_test"}, headers={"traceparent": "00-no-01"})
    traces.disable()
    assert by_name(collector.spans)["POST /api/v1/jobs"].parent_span_id == b""


def test_each_attempt_of_a_job_is_told_in_the_same_trace(api, working_db, traced, site, collector):
    api.post("/api/v1/users/student", json=student(1))
    engine = FailingEngine(EngineFailed("It passes", permanent=False, code="engine_timeout"))
    worker = polling_worker(working_db, traced, engine=engine)
    worker.run_once(wait_seconds=0)
    make_due(site)
    worker.run_once(wait_seconds=0)
    traces.disable()

    runs = [span for span in collector.spans if span.name == "run create_student"]
    assert [told(run)["coreskills.job.outcome"] for run in runs] == ["retried", "completed"]
    assert len({run.trace_id for run in runs}) == 1
    assert runs[0].status.code == Status.STATUS_CODE_ERROR
    assert told(runs[0])["error.type"] == "engine_timeout"
    first, second = [seconds(span) for span in collector.spans if span.name == "queue"]
    assert first < second < 5
    assert second > 0.9  # since it was due again, see make_due; two clocks took part


def test_a_worker_without_work_traces_nothing(working_db, traced, collector):
    polling_worker(working_db, traced).run_once(wait_seconds=0)
    traces.disable()
    assert collector.spans == []


def test_what_nobody_asked_for_has_a_trace_from_the_worker_on(working_db, traced, site, collector):
    ask(site, UNASKED)
    polling_worker(working_db, traced).run_once(wait_seconds=0)
    traces.disable()
    spans = by_name(collector.spans)
    assert spans["run self_test"].parent_span_id == b""
    assert is_within(spans["engine Test-KISDAccountExists"], spans["run self_test"])
    assert "queue" not in spans


def test_jobs_of_a_batch_share_a_commit_and_keep_their_traces(api, working_db, traced, collector):
    for name in ("Lovelace", "Hopper", "Curie"):
        api.post("/api/v1/users/student", json=student(len(name), last_name=name))
    batch(working_db, traced).run_once(wait_seconds=0)
    traces.disable()

    commits = [span for span in collector.spans if span.name == "commit"]
    first, *others = commits
    assert len({commit.trace_id for commit in commits}) == 3
    assert {told(commit)["coreskills.batch.jobs"] for commit in commits} == {3}
    assert {link.span_id for commit in others for link in commit.links} == {first.span_id}


def test_a_batch_that_is_split_shows_the_commit_that_failed(api, working_db, traced, collector):
    for n in range(2):  # with the same name, so they choose the same username
        api.post("/api/v1/users/student", json=student(n))
    batch(working_db, traced).run_once(wait_seconds=0)
    traces.disable()

    failed = [told(span).get("error.type") for span in collector.spans if span.name == "commit"]
    assert Counter(failed) == {None: 3, "username_taken": 2}
    runs = [span for span in collector.spans if span.name.startswith("run ")]
    assert [told(run)["coreskills.job.outcome"] for run in runs] == ["completed"] * 2


def test_a_job_that_nobody_traced_is_told_from_its_record(client, worker_db, settings):
    client.post("/api/v1/users/student", json=student(1))
    polling_worker(worker_db, settings).run_once(wait_seconds=0)
    told = client.get("/api/v1/jobs/1/trace").get_json()
    assert (told["source"], told["complete"]) == ("record", True)
    assert [step["name"] for step in told["steps"]] == ["queue", "run create_student"]


def test_without_a_collector_the_last_traces_are_kept(kept, queue, site):
    api, settings = kept
    api.post("/api/v1/users/student", json=student(1))
    db = Database(replace(settings, database_url=site.url(roles.WORKER)), smallest=1, largest=4)
    any_worker(db, queue, settings).run_once(wait_seconds=5)
    after = until(lambda: whole(api.get("/api/v1/jobs/1/trace").get_json()), 5)
    db.close()

    names = [step["name"] for step in after["steps"] if step["depth"] < 3]
    assert names[:2] == ["POST /api/v1/users/student", "accept create_student"]
    assert set(names) >= {"queue", "claim", "run create_student"}
    assert after["source"] == "trace"


def test_a_collector_hears_of_reading_too_and_of_no_probes(api, collector):
    for path in ("/api/v1/jobs", "/health", "/health/live", "/metrics"):
        api.get(path)
    traces.disable()
    requests = [span.name for span in collector.spans if span.kind == Span.SPAN_KIND_SERVER]
    assert requests == ["GET /api/v1/jobs"]


def test_reading_pushes_nothing_out_of_what_is_kept(kept, tmp_path):
    api, _ = kept
    api.get("/api/v1/jobs")
    traces.disable()
    assert list(tmp_path.iterdir()) == []


def test_what_was_refused_pushes_nothing_out_either_nor_gets_into_a_trace_of_others(kept, tmp_path):
    api, _ = kept
    strange = {"Authorization": "", "traceparent": EXTERNAL}
    assert api.post("/api/v1/jobs", json={"type": "self_test"}, headers=strange).status_code == 401
    assert api.delete("/nowhere", headers=strange).status_code == 404
    assert api.post("/api/v1/users/student", json={}, headers=strange).status_code == 401
    wrong = {"username": "admin", "password": "not this one"}
    assert api.post("/api/v1/auth/login", json=wrong, headers=strange).status_code == 401
    traces.disable()
    assert list(tmp_path.iterdir()) == []


def test_whether_a_request_is_traced_is_not_for_its_caller_to_say(api, collector):
    hidden = EXTERNAL.removesuffix("01") + "00"
    api.post("/api/v1/jobs", json={"type": "self_test"}, headers={"traceparent": hidden})
    traces.disable()
    assert "accept self_test" in by_name(collector.spans)


def test_there_is_no_trace_of_no_job(client):
    assert client.get("/api/v1/jobs/99/trace").status_code == 404


def test_without_opentelemetry_everything_but_traces_is_there():
    """Neither the API with all its routes nor a worker asks for it. (redis-py takes it by itself
    where it is installed, so it is made impossible to import.)"""
    done = without_opentelemetry("import coreskills.server, coreskills.worker.process")
    assert done.returncode == 0, done.stderr


def test_traces_without_opentelemetry_are_refused_with_what_to_install():
    code = "traces.enable('api', Settings(tracing=True))"
    imports = "from coreskills.config import Settings; from coreskills.telemetry import traces"
    done = without_opentelemetry(f"{imports}; print(traces.installed()); {code}")
    assert done.stdout == "False\n"
    assert "Invalid: Traces need an optional part: pip install 'coreskills[tracing]'" in done.stderr


def without_opentelemetry(code: str) -> subprocess.CompletedProcess[str]:
    blocked = f"import sys; sys.modules['opentelemetry'] = None; {code}"
    return subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True)


def test_every_one_of_a_load_has_a_complete_trace(api, collector, site, redis):
    """Two processes, batches of any size: nobody is left out, and nothing hangs in the air."""
    environment = {"CORESKILLS_TRACING": "true", "CORESKILLS_OTLP_ENDPOINT": collector.endpoint}
    with worker_processes(site.url(roles.WORKER), redis.url(), 2, **environment):
        for n in range(LOAD):
            api.post("/api/v1/users/student", json=student(n, student_id=f"S{n:03d}8{n % 90:03d}"))
        until(lambda: ended(collector) == LOAD, 60)
    traces.disable()

    whole = [spans for spans in collector.traces().values() if set(by_name(spans)) >= OF_A_JOB]
    assert len(whole) == LOAD
    for spans in whole:
        known = {span.span_id for span in spans}
        assert [span.name for span in spans if span.parent_span_id not in known] == [
            "POST /api/v1/users/student"
        ]
        assert {collector.service[id] for id in known} == {"api", "worker"}


def ended(collector: Collector) -> int:
    names = Counter(span.name for span in list(collector.spans))
    return min(names[name] for name in OF_A_JOB)


def test_a_collector_that_is_away_stops_no_job_and_no_end(db, queue, site, redis):
    nobody = f"http://127.0.0.1:{free_port()}"
    environment = {"CORESKILLS_TRACING": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": nobody}
    with worker_processes(site.url(roles.WORKER), redis.url(), 1, **environment) as (process,):
        id = submit(db, "create_student", student(1), queue)
        until(lambda: job(db, id)["status"] == "completed")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=8) == 0
        lines = [json.loads(line) for line in process.stderr.read().splitlines()]
    assert {line["event"] for line in lines} >= {"started", "job_completed"}
    assert {line["logger"][:13] for line in lines if line["event"] == "library"} == {
        "opentelemetry"
    }
