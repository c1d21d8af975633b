"""Ninety seconds of seeded chaos: nothing that was accepted is lost, and nothing happens twice."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.chaos import Run, run

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(400)]
SEED = 20_261_123


def test_ninety_seconds_of_chaos_lose_and_double_nothing(new_folder: Callable[[], Path]):
    verdict = run(new_folder(), Run(SEED, seconds=90, original=True))
    assert verdict.good, str(verdict)
    assert verdict.accepted > 1500, str(verdict)
    assert verdict.facts["faults"] >= 40, str(verdict)
    assert verdict.control
    assert verdict.control.lost > 0, "the laboratory did not see the original lose anything"
