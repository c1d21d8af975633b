"""The routes of the first version keep their path and the fields they had."""

from datetime import datetime

import pytest

from coreskills.broker.streams import NoQueue
from tests.apps import absent_database, absent_queue, client_of
from tests.people import ADA, JEAN
from tests.pipeline import run_out
from tests.problems import refused

USER = {"id", "type", "first_name", "last_name", "email", "username", "is_active"}
DEVICE = {"id", "device_id", "device_name", "device_type", "compliance_status"}
JOB = {"type", "status", "data", "result", "created_at"}
LAPTOP = {
    "device_id": "LT-1",
    "device_name": "Ada's laptop",
    "device_type": "laptop",
    "platform": "linux",
}


@pytest.fixture
def nobody(db, queue, settings):
    """The API as seen without a token."""
    return client_of(db, queue, settings)


@pytest.fixture
def without_postgres(queue, settings):
    db = absent_database(settings)
    yield client_of(db, queue, settings)
    db.close()


def test_a_student_is_accepted_as_a_job(client):
    answer = client.post("/api/v1/users/student", json=ADA)
    assert answer.status_code == 202
    assert set(answer.json) == {"job_id", "status"}
    assert answer.json["status"] == "queued"
    assert answer.headers["Location"] == f"/api/v1/jobs/{answer.json['job_id']}"
    assert answer.headers["Retry-After"] == "1"


def test_a_job_shows_type_status_data_and_result(client, worker):
    id = client.post("/api/v1/users/student", json=ADA).json["job_id"]
    waiting = client.get(f"/api/v1/jobs/{id}")
    assert waiting.json.keys() >= JOB
    assert (waiting.json["type"], waiting.json["status"]) == ("create_student", "queued")
    assert waiting.json["data"] == ADA
    assert waiting.json["result"] is None
    assert waiting.headers["Retry-After"] == "1"

    assert worker.run_once(wait_seconds=1)

    done = client.get(f"/api/v1/jobs/{id}")
    assert done.json["status"] == "completed"
    assert done.json["result"].keys() >= {"StudentID", "Username", "Email", "OU", "Created"}
    assert done.json["result"]["StudentID"] == ADA["student_id"]
    assert done.json["result"]["Created"] is True
    assert "Retry-After" not in done.headers


def test_users_of_both_types_are_listed_with_the_fields_of_old(client, worker):
    client.post("/api/v1/users/student", json=ADA)
    client.post("/api/v1/users/staff", json=JEAN)
    run_out(worker, wait_seconds=0.2)
    answer = client.get("/api/v1/users")
    assert answer.status_code == 200
    ada, jean = answer.json["users"]
    assert ada.keys() >= USER
    assert (ada["type"], ada["first_name"], ada["is_active"]) == ("student", "Ada", True)
    assert (jean["type"], jean["last_name"], jean["is_active"]) == ("staff", "Bartik", True)


def test_devices_are_listed_with_the_fields_of_old(client):
    assert client.get("/api/v1/devices").json == {"devices": []}
    assert client.post("/api/v1/devices", json=LAPTOP).status_code == 201
    (device,) = client.get("/api/v1/devices").json["devices"]
    assert device.keys() >= DEVICE
    assert (device["device_id"], device["compliance_status"]) == ("LT-1", "unknown")


def test_metrics_are_the_text_that_prometheus_reads(client, nobody):
    client.post("/api/v1/jobs", json={"type": "self_test"})
    answer = nobody.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert "pg_up 1.0" in lines
    assert 'coreskills_jobs{status="queued"} 1.0' in lines


def test_metrics_count_accepted_jobs_but_no_repeated_or_refused_request(client):
    def accepted():
        name = 'coreskills_jobs_accepted_total{type="create_student"} '
        lines = client.get("/metrics").text.splitlines()
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    before = accepted()
    for _ in range(3):
        client.post("/api/v1/students", json=ADA, headers={"Idempotency-Key": "k"})
    client.post("/api/v1/students", json=ADA)
    client.post("/api/v1/students", json=ADA | {"grade_level": 13})
    assert accepted() - before == 1


def test_metrics_say_so_when_postgres_is_down(without_postgres):
    answer = without_postgres.get("/metrics")
    assert answer.status_code == 200
    assert "pg_up 0.0" in answer.text.splitlines()


def test_health_is_healthy(nobody):
    answer = nobody.get("/health")
    assert answer.status_code == 200
    assert answer.json["status"] == "healthy"
    assert answer.json["database"] == answer.json["redis"] == "connected"
    assert answer.json["service"]
    assert datetime.fromisoformat(answer.json["timestamp"]).tzinfo
    assert [check["verdict"] for check in answer.json["checks"]] == ["ok", "ok"]


def test_health_is_degraded_and_still_200_without_redis(db, settings):
    queue = absent_queue()
    answer = client_of(db, queue, settings).get("/health")
    queue.close()
    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["redis"]) == ("degraded", "unreachable")
    assert answer.json["database"] == "connected"
    assert "Redis does not answer" in answer.json["checks"][1]["why"]


def test_health_says_when_there_is_no_redis_on_purpose(db, settings):
    answer = client_of(db, NoQueue(), settings).get("/health")
    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["redis"]) == ("degraded", "absent")


def test_health_is_503_and_says_what_is_wrong_without_postgres(without_postgres):
    for path in ("/health", "/health/ready"):
        answer = without_postgres.get(path)
        assert answer.status_code == 503
        assert (answer.json["status"], answer.json["database"]) == ("unhealthy", "unreachable")
        assert answer.json["redis"] == "connected"
        assert answer.json["checks"][0]["why"]
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_process_is_alive_without_postgres(without_postgres):
    assert without_postgres.get("/health/live").json == {"status": "alive"}


def test_an_unknown_address_is_a_404_that_says_where_to_look(nobody):
    assert "/openapi.json" in refused(nobody.get("/api/v1/pupils"), 404, "not_found")["detail"]


def test_a_wrong_method_is_a_405_that_names_the_right_ones(client):
    answer = client.delete("/api/v1/students")
    refused(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
