"""What was heard stays heard: folded by alert, bounded, and whole after a crash."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coreskills.alerting import journal
from coreskills.alerting.journal import Alert, Journal
from coreskills.errors import Invalid

NOW = datetime(2027, 8, 30, 9, 0, tzinfo=UTC)


def alert(number: int = 1, **changes) -> Alert:
    labels = {"alertname": "ApiDown", "severity": "page"}
    began = (NOW + timedelta(seconds=number)).isoformat()
    found = Alert(f"f{number}", "firing", began, None, NOW.isoformat(), labels, {})
    return replace(found, **changes)


def sent(**changes):
    return {
        "status": "firing",
        "labels": {"alertname": "ApiDown"},
        "annotations": {"summary": "The API is down"},
        "startsAt": "2027-08-30T08:59:45.123Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": "b3b8e5f1",
    } | changes


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "alerts" / "alerts.jsonl"


def test_an_alert_that_is_told_many_times_is_one(path):
    kept = Journal(path)
    for minutes in range(5):
        kept.add([alert(heard_at=(NOW + timedelta(minutes=minutes)).isoformat())])
    (found,) = journal.read(path)
    assert found.heard == NOW + timedelta(minutes=4)


def test_the_same_alert_that_begins_anew_is_another(path):
    Journal(path).add([alert(1), alert(1, starts_at=(NOW + timedelta(hours=1)).isoformat())])
    assert len(journal.read(path)) == 2


def test_an_end_is_final_even_if_older_news_comes_late(path):
    kept = Journal(path)
    kept.add([alert(), alert(status="resolved", ends_at=NOW.isoformat())])
    kept.add([alert()])
    (found,) = journal.read(path)
    assert (found.status, found.ends_at) == ("resolved", NOW.isoformat())


def test_an_alert_that_nobody_repeats_is_not_said_to_fire_for_ever():
    assert alert().state(NOW + timedelta(minutes=14)) == "firing"
    assert alert().state(NOW + timedelta(minutes=16)) == "unheard"
    assert alert(status="resolved").state(NOW + timedelta(days=9)) == "resolved"


def test_what_an_alertmanager_of_before_told_does_not_fire_now():
    before, after = NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)
    assert alert().state(after, since=before) == "firing"
    assert alert().state(after, since=after) == "unheard"
    assert alert(status="resolved").state(after, since=after) == "resolved"


def test_the_newest_alert_stands_first(path):
    Journal(path).add([alert(2), alert(3), alert(1)])
    assert [found.fingerprint for found in journal.read(path)] == ["f3", "f2", "f1"]


def test_the_file_stays_small_and_forgets_no_alert_that_fires(path):
    kept = Journal(path, largest=20_000)
    kept.add([alert(0)])
    for number in range(1, 700):
        kept.add([alert(number, status="resolved")])
        assert path.stat().st_size <= 20_000 + 200 * journal.KEPT
    found = journal.read(path)
    assert alert(0) in found
    assert alert(699, status="resolved") == found[0]
    assert len(found) < 700


def test_no_alert_is_so_long_that_the_file_is_not_small_any_more():
    texts = {f"{n}-{'x' * 5000}": "y" * 5000 for n in range(500)}
    body = {"alerts": [sent(labels=texts, annotations=texts, fingerprint="z" * 5000)]}
    (found,) = journal.received(body, NOW)
    assert len(journal._line(found)) < 50_000


def test_what_a_killed_writer_left_half_written_harms_nobody(path):
    Journal(path).add([alert(1)])
    with path.open("ab") as file:
        file.write(b'{"fingerprint": "f2", "sta')
    assert [found.fingerprint for found in journal.read(path)] == ["f1"]
    Journal(path).add([alert(3)])
    assert [found.fingerprint for found in journal.read(path)] == ["f3", "f1"]


def test_nobody_else_may_read_it(path):
    Journal(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_nobody_else_may_read_it_once_it_was_folded_either(path):
    kept = Journal(path, largest=1)
    kept.add([alert(1)])
    kept.add([alert(2)])
    assert path.stat().st_mode & 0o777 == 0o600


def test_where_nothing_was_ever_heard_there_is_nothing(path):
    assert journal.read(path) == []


def test_a_webhook_of_alertmanager_is_understood():
    (found,) = journal.received({"alerts": [sent()]}, NOW)
    assert (found.name, found.status, found.ends_at) == ("ApiDown", "firing", None)
    assert found.annotations == {"summary": "The API is down"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"alerts": 7},
        {"alerts": [7]},
        {"alerts": [{}]},
        {"alerts": [sent(status="perhaps")]},
        {"alerts": [sent(startsAt="yesterday")]},
        {"alerts": [sent(labels=[])]},
    ],
    ids=str,
)
def test_what_is_no_such_webhook_is_refused(body):
    with pytest.raises(Invalid, match="no webhook of Alertmanager"):
        journal.received(body, NOW)
