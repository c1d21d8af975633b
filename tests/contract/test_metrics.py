"""Every metric is declared once, with a sentence; what is declared is what is served."""

import shutil
import subprocess

import pytest

from coreskills.engine.native import NativeEngine
from coreskills.telemetry import exposition
from coreskills.telemetry.families import NAMES, Family, Few
from coreskills.worker.process import served
from tests.conftest import missing

FOREIGN = ("pg_", "redis_")  # named by their exporters, against the rules or not


@pytest.fixture
def of_api(client) -> str:
    return client.get("/metrics").text


@pytest.fixture
def of_worker(worker_db) -> str:
    return exposition.text_of(served(worker_db, NativeEngine()).collect()).decode()


def names(text: str) -> set[str]:
    return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}


def declared(server: str) -> set[str]:
    return {name for name, family in NAMES.items() if server in family.servers}


def test_the_api_serves_what_is_declared_as_its_own_and_nothing_else(of_api):
    assert names(of_api) == declared("api")


def test_a_worker_serves_what_is_declared_as_its_own_and_nothing_else(of_worker):
    assert names(of_worker) == declared("worker")


def test_what_is_served_says_kind_and_meaning_as_declared(of_api, of_worker):
    for line in (of_api + of_worker).splitlines():
        if line.startswith(("# TYPE", "# HELP")):
            _, what, name, told = line.split(" ", 3)
            family = NAMES[name]
            assert told == (family.kind if what == "TYPE" else family.text)


def test_a_metric_without_a_sentence_is_refused():
    with pytest.raises(ValueError, match="coreskills_silent needs a sentence"):
        Family("coreskills_silent", "gauge", "silence")


def test_a_metric_is_declared_once():
    with pytest.raises(ValueError, match="pg_up is declared twice"):
        Family("pg_up", "gauge", "Whether it is up.")


def test_a_label_whose_values_others_invent_makes_no_series_without_end():
    few = Few(3)
    assert [few(code) for code in "abcdabcd"] == ["a", "b", "c", "other"] * 2


def test_the_linter_of_prometheus_finds_nothing_in_our_own_names(of_api, of_worker):
    if shutil.which("promtool") is None:
        missing("promtool")
    for text in (of_api, of_worker):
        done = subprocess.run(
            ["promtool", "check", "metrics"], input=text, capture_output=True, text=True
        )
        found = (done.stdout + done.stderr).splitlines()
        assert [line for line in found if not line.startswith(FOREIGN)] == []
