"""The engine that supervises PowerShell, against a peer that misbehaves on purpose."""

import sys
import time
from pathlib import Path

import psutil
import pytest

from coreskills.engine.pwsh import Limits, PwshEngine
from coreskills.errors import EngineFailed
from tests import scripted_peer
from tests.contract.test_vectors import answer
from tests.vectors import vectors

PEER = Path(scripted_peer.__file__)
TRIED: set[str] = set()


@pytest.fixture
def pids(tmp_path) -> Path:
    """Where each peer writes its process id."""
    return tmp_path / "pids"


@pytest.fixture
def engine_of(pids):
    engines = []

    def make(start: str = "", **limits) -> PwshEngine:
        command = [sys.executable, str(PEER), "--start", start, "--log", str(pids)]
        engines.append(PwshEngine(command, Limits(**({"hello_seconds": 5.0} | limits))))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()
    started = pids.read_text().split() if pids.exists() else []
    assert not [pid for pid in started if psutil.pid_exists(int(pid))], "a process is left"


@pytest.fixture
def engine(engine_of):
    return engine_of()


def echo(engine, fault: str = "", deadline: float = 20.0, **parameters):
    TRIED.add(fault)
    return engine.invoke("Echo", parameters | ({"Fault": fault} if fault else {}), {}, deadline)


def refusal(engine, fault: str, deadline: float = 5.0) -> EngineFailed:
    with pytest.raises(EngineFailed) as failed:
        echo(engine, fault, deadline)
    return failed.value


def test_a_command_is_answered_and_the_process_is_kept(engine):
    assert engine.version == ""
    assert echo(engine, Name="王 O'Brien 😀", List=[1], Empty=[]) == {
        "Name": "王 O'Brien 😀",
        "List": [1],
        "Empty": [],
    }
    echo(engine)
    assert engine.version == "7.4.99"
    assert engine.counts == {"started": 1}


@pytest.mark.parametrize(
    "fault", ["crash_before", "crash_during", "crash_mid_frame", "close_output"]
)
def test_a_host_that_ends_is_a_crash_that_the_queue_may_retry(engine, fault):
    failed = refusal(engine, fault)
    assert (failed.code, failed.permanent) == ("engine_crashed", False)
    assert echo(engine, Next=1) == {"Next": 1}
    assert engine.counts == {"started": 2, "engine_crashed": 1}


def test_a_program_that_a_dead_host_left_behind_is_ended_too(engine):
    failed = refusal(engine, "child", deadline=1.0)
    assert failed.code in ("engine_timeout", "engine_crashed")
    assert echo(engine, Next=1) == {"Next": 1}


@pytest.mark.parametrize("fault", ["hang", "hang_mid_frame"])
def test_a_host_that_does_not_answer_is_killed_at_the_deadline(engine, fault):
    echo(engine)
    began = time.monotonic()
    failed = refusal(engine, fault, deadline=0.5)
    assert 0.5 <= time.monotonic() - began < 2
    assert (failed.code, failed.permanent) == ("engine_timeout", False)
    assert echo(engine, Next=1) == {"Next": 1}


def test_a_host_that_does_not_read_cannot_hold_us(engine_of):
    engine = engine_of("deaf")
    engine.probe()
    began = time.monotonic()
    with pytest.raises(EngineFailed) as failed:
        echo(engine, deadline=0.5, Text="x" * 900_000)
    assert failed.value.code == "engine_timeout"
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "fault",
    [
        *("wrong_id", "no_id", "unknown_type", "empty_result", "odd_result", "list_as_output"),
        *("huge_frame", "babble"),
    ],
)
def test_a_broken_protocol_is_tried_once_more_and_then_refused_for_good(engine, fault):
    failed = refusal(engine, fault)
    assert (failed.code, failed.permanent) == ("engine_protocol", True)
    assert engine.counts["engine_protocol"] == 2
    assert echo(engine, Next=1) == {"Next": 1}
    assert engine.counts["started"] == 3


def test_a_second_result_is_never_taken_for_that_of_the_next_command(engine):
    assert echo(engine, "twice", First=1) == {"First": 1}
    assert echo(engine, Second=2) == {"Second": 2}
    assert engine.counts["engine_protocol"] == 1


@pytest.mark.parametrize(("fault", "lines"), [("noise", 6), ("deep_frame", 1)])
def test_what_is_no_frame_goes_into_quarantine_and_is_not_parsed(engine, fault, lines):
    assert echo(engine, fault, Next=1) == {"Next": 1}
    assert engine.quarantine.lines == lines
    assert engine.counts == {"started": 1}


def test_the_quarantine_keeps_the_last_lines_and_cuts_them(engine):
    echo(engine, "noise")
    assert engine.quarantine.last[0] == "WARNING: a module says hello"
    assert all(len(text) <= 200 for text in engine.quarantine.last)


@pytest.mark.parametrize("fault", ["stderr_flood", "logs"])
def test_what_goes_to_stderr_or_the_log_stops_nothing(engine, fault):
    assert echo(engine, fault, Next=1) == {"Next": 1}
    assert engine.counts == {"started": 1}


def test_a_bug_of_the_host_may_be_retried_and_ends_nothing(engine):
    failed = refusal(engine, "bug")
    assert (failed.code, failed.permanent) == ("internal_error", False)
    assert engine.counts == {"started": 1}


def test_a_request_that_is_too_long_is_refused_before_it_is_sent(engine):
    with pytest.raises(EngineFailed) as failed:
        echo(engine, Text="x" * (1 << 20))
    assert (failed.value.code, failed.value.permanent) == ("request_too_large", True)
    assert echo(engine, Next=1) == {"Next": 1}
    assert engine.counts == {"started": 1}


def test_a_request_of_nearly_a_megabyte_arrives_whole(engine):
    text = "é" * 100_000
    assert echo(engine, Text=text) == {"Text": text}


@pytest.mark.parametrize("start", ["silent", "ends", "old", "wrong"])
def test_a_host_that_says_no_proper_hello_is_unavailable(engine_of, start):
    engine = engine_of(start, hello_seconds=0.7)
    with pytest.raises(EngineFailed) as failed:
        echo(engine)
    assert (failed.value.code, failed.value.permanent) == ("engine_unavailable", False)


def test_noise_before_the_hello_is_quarantined(engine_of):
    engine = engine_of("noisy")
    assert echo(engine, Next=1) == {"Next": 1}
    assert engine.quarantine.lines == 1


def test_a_program_that_is_not_there_is_unavailable():
    engine = PwshEngine(["/nowhere/pwsh"])
    with pytest.raises(EngineFailed) as failed:
        echo(engine)
    assert failed.value.code == "engine_unavailable"
    engine.close()


def test_a_host_that_died_while_nothing_was_asked_is_replaced_without_a_word(engine, pids):
    echo(engine)
    pid = int(pids.read_text())
    psutil.Process(pid).kill()
    deadline = time.monotonic() + 5
    while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.01)
    assert echo(engine, Next=1) == {"Next": 1}
    assert engine.counts == {"started": 2, "ended_idle": 1}


@pytest.mark.parametrize(
    ("limits", "fault"), [({"calls": 3}, ""), ({"age_seconds": 0.0}, ""), ({}, "fat")]
)
def test_a_host_is_replaced_when_it_is_used_up_old_or_fat(engine_of, limits, fault):
    engine = engine_of(**limits)
    for number in range(3):
        assert echo(engine, fault, N=number) == {"N": number}
    assert engine.counts["recycled"] == (1 if "calls" in limits else 3)


def test_it_can_be_used_again_after_it_was_closed(engine):
    echo(engine)
    engine.close()
    assert echo(engine, Next=1) == {"Next": 1}


def test_nothing_of_our_environment_reaches_the_host(engine, pids, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    echo(engine)
    (pid,) = pids.read_text().split()
    host = psutil.Process(int(pid)).environ()
    assert "AWS_SECRET_ACCESS_KEY" not in host
    assert host["POWERSHELL_UPDATECHECK"] == "Off"


def test_every_vector_survives_the_journey(engine_of):
    """Over the frames of a peer that answers with the native engine."""
    engine = engine_of()
    wrong = [v.name for v in vectors() if answer(engine, v) != (v.error or v.output)]
    assert wrong == []


def test_every_misbehaviour_of_the_peer_was_tried():
    assert len(scripted_peer.MISBEHAVIOURS) >= 12
    assert set(scripted_peer.MISBEHAVIOURS) <= TRIED
