"""Ten thousand commands, one in twenty of which meets a fault of one of seven kinds."""

import json
import os
import random
import sys
from collections import Counter

import psutil
import pytest

from coreskills.engine.pwsh import Limits, PwshEngine
from coreskills.errors import EngineFailed
from tests import scripted_peer

pytestmark = pytest.mark.faults
CALLS = 10_000
SHARE = 0.05
DEADLINE = 0.25  # a call takes a millisecond; whoever hangs costs us this
EXPECTED = {  # what the caller must be told; None: the right answer
    "noise": None,
    "twice": None,
    "crash_during": "engine_crashed",
    "crash_mid_frame": "engine_crashed",
    "hang": "engine_timeout",
    "wrong_id": "engine_protocol",
    "huge_frame": "engine_protocol",
}


@pytest.mark.timeout(600)
def test_every_command_ends_as_it_must_and_no_process_is_left(tmp_path):
    seed = int(os.environ.get("CORESKILLS_SEED", "20261124"))
    chance = random.Random(seed)
    pids = tmp_path / "pids"
    engine = PwshEngine(
        [sys.executable, scripted_peer.__file__, "--log", str(pids)], Limits(calls=500)
    )
    wrong, faults = [], Counter()
    for number in range(CALLS):
        fault = chance.choice(list(EXPECTED)) if chance.random() < SHARE else ""
        faults[fault] += 1
        found = outcome(engine, number, fault)
        expected = EXPECTED.get(fault) or {"N": number}
        if found != expected:
            wrong.append((number, fault, found))
    engine.close()
    assert wrong == [], f"seed {seed}"
    assert set(faults) == {"", *EXPECTED}
    assert CALLS * SHARE * 0.8 < CALLS - faults[""] < CALLS * SHARE * 1.2
    assert not [pid for pid in pids.read_text().split() if psutil.pid_exists(int(pid))]
    print(json.dumps({"faults": faults, "engine": engine.counts, "noise": engine.quarantine.lines}))


def outcome(engine, number, fault):
    parameters = {"N": number} | ({"Fault": fault} if fault else {})
    # A fresh process needs longer than a kept one before it answers; only hangs may hit the end.
    try:
        return engine.invoke("Echo", parameters, {}, DEADLINE if fault == "hang" else 10.0)
    except EngineFailed as exc:
        return exc.code
