"""What was promised is read back as it was written."""

from pathlib import Path

from tests.faults import ledger
from tests.faults.ledger import Ledger


def test_a_promise_collects_what_was_said_about_its_key(tmp_path: Path):
    with Ledger(tmp_path / "ledger") as written:
        for _ in range(2):
            written.sent("a", "student", {"student_id": "S1"})
        written.acknowledged("a", 7)
        written.acknowledged("a", 7)
        written.sent("b", "staff", {})
        written.cancelled("a", promised=False)
        written.cancelled("a", promised=True)
        assert written.accepted == 1
    promises = ledger.read(tmp_path / "ledger")
    assert (promises["a"].sent, promises["a"].job_ids, promises["a"].cancel) == (2, {7}, "promised")
    assert promises["b"].job_id is None


def test_every_line_is_on_disk_before_the_next_and_a_torn_one_counts_for_nothing(tmp_path: Path):
    path = tmp_path / "ledger"
    with Ledger(path) as written:
        written.sent("a", "student", {})
        assert ledger.read(path).keys() == {"a"}
        written.sent("b", "student", {})
    path.write_text(path.read_text()[:-5])
    assert ledger.read(path).keys() == {"a"}
