"""What containers are told, and how they ask themselves whether they work."""

import os
import re
import stat
import time
from pathlib import Path

import pytest
import yaml

from coreskills.config import Preparation, load_preparation
from coreskills.errors import Invalid
from coreskills.health.probes import program
from coreskills.stack import container_secrets
from coreskills.stack.home import Home
from coreskills.worker.pulse import Pulse

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
FROM_OUTSIDE = {"extra_ca"}  # a setting, not a secret of ours


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.create(None)
    made.generate_secrets("csk_operator")
    return made


def test_every_secret_that_compose_names_is_written_and_no_other(home: Home):
    written = {path.name for path in container_secrets.write(home).iterdir()}
    assert written == set(COMPOSE["secrets"]) - FROM_OUTSIDE


@pytest.mark.skipif(os.name == "nt", reason="not run: Windows has no modes")
def test_the_folder_is_ours_alone_and_the_programs_can_read_the_files(home: Home):
    folder = container_secrets.write(home)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}


def test_a_second_start_gives_the_same_secrets(home: Home):
    def read() -> dict[str, str]:
        return {path.name: path.read_text() for path in container_secrets.write(home).iterdir()}

    assert read() == read()


def test_each_program_has_a_password_of_its_own(home: Home):
    folder = container_secrets.write(home)
    passwords = [
        re.search(r"://[^:]*:([^@]+)@", path.read_text())[1]
        for path in folder.iterdir()
        if path.name.endswith("_url")
    ]
    assert len(set(passwords)) == len(passwords) == 6


def test_the_preparation_names_everything_that_is_missing():
    with pytest.raises(Invalid) as refused:
        load_preparation({"CORESKILLS_OWNER_URL": "postgresql://o:p@h/d"})
    assert [fault.at for fault in refused.value.faults] == [
        f"CORESKILLS_{name.upper()}" for name in vars(Preparation()) if name != "owner_url"
    ]


def test_the_migration_is_told_what_it_needs():
    environment = COMPOSE["services"]["migrate"]["environment"]
    assert set(environment) == {f"CORESKILLS_{name.upper()}_FILE" for name in vars(Preparation())}


def test_a_worker_that_beats_is_well(tmp_path: Path):
    Pulse(str(tmp_path / "pulse")).beat()
    assert program.worker(str(tmp_path / "pulse")).run().verdict == "ok"


def test_a_worker_whose_loop_stands_still_is_not(tmp_path: Path):
    Pulse(str(tmp_path / "pulse")).beat()
    long_ago = time.time() - program.OLDEST_BEAT - 1
    os.utime(tmp_path / "pulse", (long_ago, long_ago))
    result = program.worker(str(tmp_path / "pulse")).run()
    assert (result.verdict, result.why) == ("failed", "its loop stands still")


def test_a_worker_that_has_not_begun_is_not_well_yet(tmp_path: Path):
    assert program.worker(str(tmp_path / "pulse")).run().verdict == "failed"


def test_of_a_worker_without_a_pulse_nobody_can_tell():
    assert program.worker("").run().verdict == "not_run"


def test_no_file_is_touched_where_nobody_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Pulse("").beat()
    assert list(tmp_path.iterdir()) == []


def test_a_pulse_does_not_wear_out_the_disk(tmp_path: Path):
    pulse = Pulse(str(tmp_path / "pulse"))
    pulse.beat()
    (tmp_path / "pulse").unlink()
    pulse.beat()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("status", "verdict"), [(200, "ok"), (503, "failed"), (500, "failed")])
def test_an_api_is_as_well_as_it_says(status: int, verdict: str):
    assert program.api(lambda path: status).run().verdict == verdict
