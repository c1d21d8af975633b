"""Several processes count, and are killed; whoever is asked knows the sum."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coreskills.telemetry import shared
from tests.counting import Counting

USED_AND_IDLE = 3  # what each of them tells of its pool


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[[], Counting]]:
    made: list[Counting] = []

    def start() -> Counting:
        made.append(Counting(tmp_path))
        return made[-1]

    yield start
    for each in made:
        each.kill()


def test_each_process_tells_the_sum_of_all(process):
    one, other = process(), process()
    one.count(30)
    other.count(12)
    assert one.sums() == other.sums() == (42, 2 * USED_AND_IDLE)


def test_what_a_killed_process_counted_stays_and_its_gauges_go(process):
    one, other = process(), process()
    one.count(30)
    other.count(12)
    one.kill()
    assert other.sums() == (42, USED_AND_IDLE)
    other.count(1)
    assert other.sums() == (43, USED_AND_IDLE)


def test_what_all_processes_counted_is_known_to_the_next_one(process):
    one = process()
    one.count(30)
    one.kill()
    assert process().sums() == (30, USED_AND_IDLE)


def test_files_do_not_multiply_with_processes(process, tmp_path):
    for number in range(1, 13):
        each = process()
        each.count(10)
        if number % 2:
            each.kill()
        else:
            each.end()
    last = process()
    last.count(1)
    assert last.sums() == (121, USED_AND_IDLE)
    assert len(list(tmp_path.iterdir())) == 6  # three kinds, alive, folded, lock


def test_who_is_killed_between_folding_and_removing_counts_once(process, tmp_path):
    """The files of the dead are in the sums already, and there again when the next one looks."""
    one, other = process(), process()
    one.count(30)
    other.count(12)
    one.kill()
    theirs = [path for path in tmp_path.glob("*.db") if path.stat().st_size]
    kept = tmp_path.with_name(f"{tmp_path.name}-kept")
    kept.mkdir()
    for path in theirs:
        shutil.copy(path, kept)
    assert other.sums() == (42, USED_AND_IDLE)
    gone = [path for path in kept.iterdir() if not (tmp_path / path.name).exists()]
    assert len(gone) == 3
    for path in gone:
        shutil.copy(path, tmp_path)
    assert other.sums() == (42, USED_AND_IDLE)
    assert process().sums() == (42, 2 * USED_AND_IDLE)


def test_a_file_that_was_made_this_moment_is_no_corrupt_one(process, tmp_path):
    one = process()
    one.count(30)
    (tmp_path / "counter_1-0000.db").touch()
    assert one.sums() == (30, USED_AND_IDLE)


def test_a_start_of_the_platform_begins_at_zero(process, tmp_path):
    one = process()
    one.count(30)
    one.kill()
    process().end()  # has folded it
    shared.clear(tmp_path)
    assert process().sums() == (0, USED_AND_IDLE)
