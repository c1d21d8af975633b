"""A restart that nobody notices: requests go on, jobs go on."""

import http.client
import itertools
import json
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import Instance

pytestmark = pytest.mark.e2e


class Callers:
    """Four who ask all the time, each request on a connection of its own."""

    def __init__(self, instance: Instance) -> None:
        self._where = urlsplit(instance.facts["urls"]["api"])
        self._token = instance.facts["token"]
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=[n]) for n in range(4)]
        self.answers: Counter[object] = Counter()
        self.jobs: list[int] = []

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _call(self, number: int) -> None:
        for turn in itertools.count():
            try:
                self._ask(f"{number}-{turn}")
            except (OSError, http.client.HTTPException) as exc:
                self.answers[repr(exc)] += 1
            if self._ended.wait(0.04):
                return

    def _ask(self, key: str) -> None:
        connection = http.client.HTTPConnection(self._where.hostname, self._where.port, timeout=10)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        headers["Idempotency-Key"] = key
        connection.request("POST", "/api/v1/jobs", '{"type": "self_test"}', headers)
        response = connection.getresponse()
        body = json.loads(response.read())
        connection.close()
        self.answers[response.status] += 1
        if response.status == 202:
            self.jobs.append(body["job_id"])


def test_a_restart_of_everything_under_load_fails_no_request_and_loses_no_job(new_instance):
    instance = new_instance()
    instance.start("--no-seed")
    before = instance.pid("worker")
    with Callers(instance) as callers:
        time.sleep(0.5)
        done = instance.run("restart", "--json")
        time.sleep(0.5)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["restarted"] == ["api", "worker"]
    assert instance.pid("worker") not in (0, before)
    assert set(callers.answers) == {202}
    assert len(callers.jobs) > 100
    deadline = time.monotonic() + 20
    while any(instance.api.get(f"/api/v1/jobs/{i}")["status"] != "completed" for i in callers.jobs):
        assert time.monotonic() < deadline
    instance.stop()


def test_a_server_is_not_restarted_under_those_who_use_it(running):
    done = running.run("restart", "postgres")
    assert done.returncode == 2
    assert "one of: api, worker" in done.stderr


def test_a_restart_of_nothing_says_that_nothing_runs(new_instance):
    assert new_instance().run("restart").returncode == 3
