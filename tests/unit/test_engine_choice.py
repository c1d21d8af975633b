"""Which engine serves, and that it is said why."""

import sys
from pathlib import Path

import pytest

from coreskills.engine.choice import Choice, chosen, engine_named, host_command, proven
from coreskills.errors import Invalid
from coreskills.health.probes import engine as probes
from tests import scripted_peer


@pytest.fixture
def pwsh(tmp_path) -> Path:
    """A program in the place of pwsh: the scripted peer, whatever it is asked to run."""
    return program(tmp_path / "pwsh", f"exec {sys.executable} {scripted_peer.__file__}\n")


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}")
    path.chmod(0o755)
    return path


@pytest.fixture
def nothing_on_path(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def test_without_a_powershell_the_native_engine_serves_and_says_how_to_get_one(nothing_on_path):
    for name in ("auto", "pwsh"):
        choice = chosen(name)
        assert choice.name == "native"
        assert "coreskills tools install pwsh" in choice.why


def test_native_is_native_even_where_a_powershell_is(pwsh):
    assert chosen("native", str(pwsh)).name == "native"


def test_a_powershell_is_found_on_the_path(pwsh, monkeypatch):
    monkeypatch.setenv("PATH", f"{pwsh.parent}:/usr/bin:/bin")
    assert chosen("auto") == Choice("pwsh", f"found at {pwsh}", str(pwsh))


def test_a_powershell_that_answers_is_used_and_its_version_told(pwsh):
    engine = engine_named("auto", str(pwsh))
    assert engine.name == "pwsh"
    assert engine.invoke("Echo", {"A": 1}, {}, 10) == {"A": 1}
    assert engine.version == "7.4.99"
    engine.close()
    assert "7.4.99" in proven(chosen("auto", str(pwsh))).why


def test_a_powershell_that_does_not_answer_is_not_used_and_the_reason_told(tmp_path):
    broken = program(tmp_path / "pwsh", "exit 3\n")
    engine = engine_named("auto", str(broken))
    assert engine.name == "native"
    assert f"{broken} does not work" in engine.why


def test_a_path_that_leads_nowhere_is_a_wrong_setting(tmp_path):
    with pytest.raises(Invalid, match="no PowerShell at"):
        chosen("auto", str(tmp_path / "nothing"))


def test_the_host_comes_with_the_program():
    command = host_command("pwsh")
    assert command[-2] == "-File"
    assert Path(command[-1]).read_text().startswith("#Requires -Version 7.4")


def test_the_check_says_which_engine_serves(pwsh):
    native, real = Choice("native", "asked for"), Choice("pwsh", "found", str(pwsh))
    assert [p.run().measured for p in probes.probes(native)] == ["native: asked for"]
    assert probes.probes(real)[0].run().measured == f"pwsh 7.4.99 at {pwsh}"


def test_the_check_fails_when_the_powershell_that_was_chosen_is_broken(tmp_path):
    broken = program(tmp_path / "pwsh", "exit 3\n")
    result = probes.probes(Choice("pwsh", "found", str(broken)))[0].run()
    assert (result.verdict, result.id) == ("failed", "engine.serves")
    assert "tools install pwsh" in result.fix
