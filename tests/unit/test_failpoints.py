"""Failpoints: off unless a folder is named, once for each file, and known by name."""

import re
import threading
from pathlib import Path

import pytest

import coreskills
from coreskills import failpoints

SRC = Path(coreskills.__file__).parent
REACHED = re.compile(r"\breach\(\s*\"([a-z_.]+)\"")


@pytest.fixture
def folder(tmp_path):
    failpoints.enable(str(tmp_path))
    yield tmp_path
    failpoints.enable("")


def test_they_are_off_unless_a_folder_is_named(tmp_path, monkeypatch):
    (tmp_path / "worker.running").write_text("fail")
    monkeypatch.chdir(tmp_path)
    failpoints.reach("worker.running")


def test_a_file_acts_once_and_says_that_it_did(folder):
    (folder / "worker.running").write_text("fail")
    with pytest.raises(RuntimeError, match=r"worker\.running"):
        failpoints.reach("worker.running", 7)
    failpoints.reach("worker.running", 7)
    assert (folder / "worker.running.hit").exists()


def test_always_means_everybody_who_comes_by(folder):
    (folder / "worker.running").write_text("fail always")
    for _ in range(3):
        with pytest.raises(RuntimeError):
            failpoints.reach("worker.running")


def test_a_file_for_one_subject_leaves_the_others_alone(folder):
    (folder / "worker.running@7").write_text("fail")
    failpoints.reach("worker.running", 8)
    with pytest.raises(RuntimeError):
        failpoints.reach("worker.running", 7)


def test_of_many_who_come_by_at_once_one_acts(folder):
    (folder / "worker.running").write_text("fail")
    start, acted = threading.Barrier(8), []

    def come_by():
        start.wait()
        try:
            failpoints.reach("worker.running")
        except RuntimeError:
            acted.append(1)

    threads = [threading.Thread(target=come_by) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert acted == [1]


def test_every_point_of_the_code_is_described_and_every_description_has_its_point():
    found = {name for path in SRC.rglob("*.py") for name in REACHED.findall(path.read_text())}
    assert found == set(failpoints.POINTS)
