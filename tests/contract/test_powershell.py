"""The module keeps its conventions and agrees with the Python engine. No PowerShell is needed."""

import json
from pathlib import Path
from typing import get_args

import pytest

from coreskills.config import Settings
from coreskills.domain import lifecycle, naming, people, rules, text
from coreskills.engine.native import COMMANDS, compliance, devices, lookup
from coreskills.engine.native import lifecycle as native_lifecycle
from scripts.powershell_lint import MODULE, RULES, exports, lint, name_of, parameters, parsed

SAMPLE = Path(__file__).parents[1] / "powershell" / "Public" / "Create-KISDStudents.ps1"
FILES = sorted(MODULE.rglob("*.ps*1"))
SHARED = json.loads((MODULE / "rules.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_module_keeps_every_convention(path):
    assert [str(finding) for finding in lint(path)] == []


def test_the_lint_finds_what_is_wrong_in_a_sample_that_is():
    found = {finding.rule for finding in lint(SAMPLE)}
    assert len(found) >= 10
    assert set(RULES) - found == {"parses"}, "a rule that the sample does not break proves nothing"


def test_what_cannot_be_parsed_is_a_finding(tmp_path):
    broken = tmp_path / "Broken.ps1"
    broken.write_text("function Get-Thing { param( }\n")
    assert "parses" in {finding.rule for finding in lint(broken)}


def test_the_manifest_exports_the_public_files_and_nothing_else():
    public = {path.stem for path in (MODULE / "Public").glob("*.ps1")}
    assert exports(MODULE / "KISDIdentity.psd1") == public == set(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_both_engines_take_the_same_parameters(command):
    function = next(parsed(MODULE / "Public" / f"{command}.ps1").functions())
    given = {
        name: "Mandatory" in attributes.get("Parameter", "")
        for name, attributes, _ in parameters(function)
        if name not in ("Context", "Detailed")
    }
    assert name_of(function) == command
    fields = COMMANDS[command].takes.model_fields
    assert given == {name: field.is_required() for name, field in fields.items()}


def test_both_engines_keep_the_same_rules():
    settings = Settings()
    assert SHARED["LongestUsername"] == naming.LONGEST
    assert SHARED["LastToken"] == naming.LAST_TOKEN
    assert set(SHARED["Reserved"]) == naming.RESERVED
    assert {ord(k): v for k, v in SHARED["Special"].items()} == naming._SPECIAL
    assert set(SHARED["NameMarks"]) == text._NAME_MARKS
    assert SHARED["Moves"] == lifecycle.MOVES
    assert SHARED["Leaver"] == lifecycle.LEAVER
    assert SHARED["GraceDays"] == native_lifecycle.GRACE_DAYS
    assert SHARED["ArchiveDays"] == native_lifecycle.ARCHIVE_DAYS
    assert SHARED["Personal"] == list(native_lifecycle.PERSONAL)
    assert SHARED["LastGrade"] == people.LAST_GRADE
    assert {k: tuple(v) for k, v in SHARED["DeviceMoves"].items()} == devices.STATUS_MOVES
    assert SHARED["Returned"] == devices._RETURNED
    assert SHARED["Outcomes"] == list(compliance.OUTCOMES)
    assert SHARED["DeepestRule"] == rules.DEEPEST
    assert SHARED["Mask"] == lookup.MASK
    assert SHARED["Patterns"]["Secret"] == lookup._SECRET.pattern
    assert SHARED["EmptyDistrict"] == {
        "TakenUsernames": [],
        "StudentMailDomain": settings.student_mail_domain,
        "StaffMailDomain": settings.staff_mail_domain,
        "DirectorySuffix": settings.directory_suffix,
    }


def test_the_table_knows_every_event_there_is():
    assert set(SHARED["Moves"]) == set(get_args(lifecycle.Event))


def test_the_operators_are_those_of_the_module():
    module = (MODULE / "Private" / "Rule.ps1").read_text(encoding="utf-8")
    known = next(line for line in module.splitlines() if "$known = " in line)
    listed = [word.strip("' ") for word in known.split("=", 1)[1].split(",")]
    assert set(listed) == set(rules.OPERATORS)
