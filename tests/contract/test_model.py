"""The job pipeline holds in every order in which things can happen, with faults at every moment.

tests/model/pipeline.pml is a model of it for the model checker spin, which visits each state that
the model can reach: API with its repeated request, relay, reaper and epoch of the dispatcher, two
workers, a person who cancels and redrives, and faults. What it found is told in
docs/explanation/job-model.md.

Modelled are the transactions of PostgreSQL and the commands of Redis as single steps, with anything
in between them. Not modelled: how long things take, batches, jobs that fail for good, imports in
pieces, polling without Redis, schedules, and what PostgreSQL itself promises. That the model says
what the code says is for people to see; tests/faults breaks the code itself.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import missing

MODEL = Path(__file__).parents[1] / "model" / "pipeline.pml"
DEPTH = 100_000  # steps of a run; the longest has some hundred
CRASHES_ONLY = {"FAULTS": 3, "FLUSH": 0, "LOSS": 0, "FORGET": 0, "REDRIVE": 0}
# Workers look for overdue jobs in the table, which mends all that goes wrong with Redis. These are
# worlds in which they need not, so that it shows what else does its work there.
RELAY_ONLY = {"API_PUBLISHES": 0, "LOSS": 0, "FORGET": 0, "NO_OVERDUE": 1}
REDIS_FORGETS_NOTHING = {"FLUSH": 0, "LOSS": 0, "FORGET": 0, "REDRIVE": 0, "NO_OVERDUE": 1}

ONE_KEY_ONE_JOB = "key_job[key]==0"
ONE_EFFECT = "jobs[id].effects==1"
NONE_AFTER_CANCEL = "jobs[id].status!="
OF_THIS_ATTEMPT = "jobs[id].plan==me"
ALL_JOBS_END = "jobs[i].status=="
Defines = dict[str, int | str]


@dataclass(frozen=True)
class Search:
    complete: bool
    states: int
    violated: str  # the assertion; empty if none was
    story: str  # how, step by step

    def __str__(self) -> str:
        how = "all" if self.complete else "not all"
        return f"{self.states:,} states, {how} of them; violated: {self.violated}\n{self.story}"


@pytest.fixture
def search(tmp_path):
    """Build the model with these defines, and let spin look for a run that breaks an assertion, or
    with `cycles` for one that never ends."""
    if shutil.which("spin") is None:
        missing("spin (apt install spin, brew install spin)")
    if shutil.which("gcc") is None:
        missing("gcc, which spin needs (apt install gcc libc6-dev)")
    shutil.copy(MODEL, tmp_path)

    def searched(defines: Defines, *, large: bool = False, cycles: bool = False) -> Search:
        flags = [f"-D{name}={value}" for name, value in defines.items()]
        run(tmp_path, "spin", "-a", *flags, MODEL.name)
        # Unoptimised: for few states, compiling takes longer than searching.
        flags_for_c = ["-DNP" if cycles else "-DSAFETY", "-O1" if large else "-O0"]
        run(tmp_path, "gcc", "-w", *flags_for_c, "-o", "pan", "pan.c")
        told = run(tmp_path, "./pan", f"-m{DEPTH}", *(["-l"] if cycles else []))
        found = re.search(r"^pan:1: (.*) \(at depth", told, re.MULTILINE)
        replayed = run(tmp_path, "spin", "-t", *flags, MODEL.name) if found else ""
        states = re.search(r"^ *(\d+) states, stored", told, re.MULTILINE)
        assert states, told
        return Search(
            complete="errors: 0" in told and not re.search("not completed|too small", told),
            states=int(states[1]),
            violated=found[1] if found else "",
            story="\n".join(re.findall(r"^ *((?!spin)\w+(?: \d)?: .*)", replayed, re.MULTILINE)),
        )

    return searched


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param({}, id="any-two-faults"),
        pytest.param(CRASHES_ONLY, id="three-crashes-pauses-and-errors"),
        pytest.param(RELAY_ONLY, id="nobody-looks-and-only-the-relay-publishes"),
        pytest.param(REDIS_FORGETS_NOTHING, id="nobody-looks-and-redis-forgets-nothing"),
    ],
)
def test_no_job_is_lost_done_twice_or_done_after_its_cancel(search, faults):
    found = search(faults, large=True)
    assert not found.violated, str(found)
    assert found.complete, str(found)
    assert found.states > 100_000, str(found)


def test_every_run_comes_to_an_end(search):
    found = search({"FAULTS": 1}, cycles=True)
    assert not found.violated, str(found)
    assert found.complete, str(found)


@pytest.mark.parametrize("end", ["completed", "cancelled", "dead"])
def test_a_job_can_come_to_each_of_its_ends(search, end):
    """Or the model would hold because nothing happens in it."""
    assert search(CRASHES_ONLY | {"NEVER": end}).violated


@pytest.mark.parametrize(
    ("mistake", "world", "broken"),
    [
        ("NO_FENCE", {}, NONE_AFTER_CANCEL),
        ("NO_FENCE", {"CANCEL": 0, "PLAN": 0}, ONE_EFFECT),
        ("ONLY_STATUS_IN_FENCE", {"FORGET": 0}, OF_THIS_ATTEMPT),
        ("NO_WORKER_IN_FENCE", {}, OF_THIS_ATTEMPT),
        ("NO_LEASE", {}, ALL_JOBS_END),
        ("NO_KEY", {}, ONE_KEY_ONE_JOB),
        ("NO_OVERDUE", {}, ALL_JOBS_END),
        ("NO_OUTBOX", REDIS_FORGETS_NOTHING, ALL_JOBS_END),
        ("NO_EPOCH", RELAY_ONLY, ALL_JOBS_END),
        ("ACK_BEFORE_WORK", RELAY_ONLY, ALL_JOBS_END),
        ("NO_ATTEMPT_IN_MARK", REDIS_FORGETS_NOTHING, ALL_JOBS_END),
    ],
)
def test_a_removed_safeguard_is_missed(search, mistake, world, broken):
    found = search({**world, mistake: 1})
    assert broken in found.violated, str(found)


@pytest.mark.parametrize("mistake", ["NO_OUTBOX", "NO_EPOCH", "ACK_BEFORE_WORK"])
def test_what_these_break_a_look_at_the_table_mends(search, mistake):
    """Later than it should be, which a model without time does not see."""
    found = search({mistake: 1, "FAULTS": 1})
    assert found.complete, str(found)
