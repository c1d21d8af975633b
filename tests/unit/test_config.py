"""Settings come from CORESKILLS_* variables, and from nowhere else."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from coreskills import config
from coreskills.config import Settings
from coreskills.errors import Invalid


def faults_of(environ) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        config.load(environ)
    assert {fault.code for fault in refused.value.faults} == {"bad_setting"}
    return {fault.at: fault.message for fault in refused.value.faults}


def test_an_empty_environment_gives_the_defaults():
    assert config.load({}) == Settings()


def test_every_field_is_read_in_its_own_type():
    settings = config.load(
        {
            "CORESKILLS_API_PORT": "5001",
            "CORESKILLS_LEASE_SECONDS": "2.5",
            "CORESKILLS_OPEN_ACCESS": "True",
            "CORESKILLS_LOG_LEVEL": "debug",
        }
    )
    assert settings.api_port == 5001
    assert settings.lease_seconds == 2.5
    assert settings.open_access is True
    assert settings.log_level == "debug"


def test_every_field_has_a_variable():
    for field in fields(Settings):
        text = {bool: "true", int: "7", float: "7", str: "seven"}[field.type]
        loaded = config.load({f"CORESKILLS_{field.name.upper()}": text})
        assert getattr(loaded, field.name) == field.type(text), field.name


def test_what_is_not_ours_is_ignored():
    assert config.load({"DATABASE_URL": "elsewhere", "API_PORT": "1"}) == Settings()


def test_a_secret_may_stand_in_a_file(tmp_path: Path):
    secret = tmp_path / "key"
    secret.write_text("  very secret\n")
    assert config.load({"CORESKILLS_JWT_KEY_FILE": str(secret)}).jwt_key == "very secret"


def test_a_value_and_a_file_together_are_refused(tmp_path: Path):
    secret = tmp_path / "key"
    secret.write_text("one")
    environ = {"CORESKILLS_JWT_KEY": "other", "CORESKILLS_JWT_KEY_FILE": str(secret)}
    assert faults_of(environ) == {
        "CORESKILLS_JWT_KEY": "both CORESKILLS_JWT_KEY and CORESKILLS_JWT_KEY_FILE are set; "
        "keep one"
    }


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    told = faults_of({"CORESKILLS_JWT_KEY_FILE": str(tmp_path / "gone")})
    assert str(tmp_path / "gone") in told["CORESKILLS_JWT_KEY"]


@pytest.mark.parametrize("text", ["yes", "1", "", "on", " true"])
def test_a_switch_is_true_or_false_and_nothing_else(text):
    assert faults_of({"CORESKILLS_OPEN_ACCESS": text}) == {
        "CORESKILLS_OPEN_ACCESS": f"must be true or false, is {text!r}"
    }


def test_every_wrong_variable_is_told_at_once(tmp_path: Path):
    environ = {
        "CORESKILLS_API_PORT": "five thousand",
        "CORESKILLS_LEASE_SECONDS": "soon",
        "CORESKILLS_OPEN_ACCESS": "perhaps",
        "CORESKILLS_REDIS_URL_FILE": str(tmp_path),
        "CORESKILLS_LOG_LEVEL": "debug",
    }
    told = faults_of(environ)
    assert set(told) == {
        "CORESKILLS_API_PORT",
        "CORESKILLS_LEASE_SECONDS",
        "CORESKILLS_OPEN_ACCESS",
        "CORESKILLS_REDIS_URL",
    }
    with pytest.raises(Invalid, match="five thousand") as refused:
        config.load(environ)
    assert all(name in refused.value.message for name in told)


def test_settings_cannot_be_changed_by_whoever_holds_them():
    with pytest.raises(FrozenInstanceError):
        Settings().api_port = 1


def test_the_state_folder_is_what_was_given_before_what_the_environment_says(tmp_path: Path):
    environ = {"CORESKILLS_HOME": str(tmp_path / "environment")}
    assert config.home(environ, tmp_path / "given") == tmp_path / "given"
    assert config.home(environ) == tmp_path / "environment"


def test_child_processes_inherit_no_secret_of_the_users_shell():
    kept = config.inherited({"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "x", "PYTHONPATH": "y"})
    assert kept == {"PATH": "/bin"}


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "five"])
def test_a_number_must_be_positive(text):
    with pytest.raises(Invalid) as refused:
        config.load({"CORESKILLS_LEASE_SECONDS": text})
    assert [fault.at for fault in refused.value.faults] == ["CORESKILLS_LEASE_SECONDS"]
