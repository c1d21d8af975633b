import csv
import io
import json
import re
import shlex
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from coreskills.domain.facts import CheckIn
from coreskills.domain.policies import Policy

ROOT = Path(__file__).resolve().parents[2]
ROSTERS = ROOT / "data" / "rosters"
SCRIPT = ROOT / "scripts" / "make_roster.py"
GRADUATION_YEAR = {12: 2027, 11: 2028, 10: 2029, 9: 2030}


def sample(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((ROOT / "data" / "sample" / name).read_text("utf-8"))
    return rows


def make_roster(*arguments: str, cwd: Path = ROOT) -> str:
    command = [sys.executable, str(SCRIPT), *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, timeout=60, check=True)
    return done.stdout.decode("utf-8-sig")


def parsed(text: str) -> list[dict[str, str]]:
    """The rows of full width, with trimmed values; short and long rows are left out."""
    rows = csv.DictReader(io.StringIO(text, newline=""), restkey="more")
    whole = [row for row in rows if None not in row.values() and "more" not in row]
    return [{name: value.strip() for name, value in row.items()} for row in whole]


@pytest.fixture(scope="module")
def text() -> str:
    return (ROSTERS / "riverbend.csv").read_bytes().decode("utf-8-sig")


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    report: dict[str, Any] = json.loads((ROSTERS / "riverbend.expected.json").read_text("utf-8"))
    return report


@pytest.fixture(scope="module")
def good(text: str, expected: dict[str, Any]) -> list[dict[str, str]]:
    lines = text.split("\r\n")
    rejected = set(expected["rejected_lines"])
    return parsed("\r\n".join(line for n, line in enumerate(lines, 1) if n not in rejected))


@pytest.fixture(scope="module")
def bad_lines(text: str, expected: dict[str, Any]) -> list[str]:
    lines = text.split("\r\n")
    return [lines[number - 1] for number in expected["rejected_lines"]]


def test_the_sample_has_five_students_in_each_of_four_grades() -> None:
    grades = Counter(student["grade_level"] for student in sample("students.json"))
    assert grades == {9: 5, 10: 5, 11: 5, 12: 5}


def test_a_sample_student_has_five_fields_and_graduates_after_grade_twelve() -> None:
    for student in sample("students.json"):
        assert list(student) == [
            "student_id",
            "first_name",
            "last_name",
            "grade_level",
            "graduation_year",
        ]
        assert student["graduation_year"] == GRADUATION_YEAR[student["grade_level"]]
        assert re.fullmatch(rf"S{student['graduation_year']}\d{{3}}", student["student_id"])


def test_sample_students_have_different_ids_and_different_names() -> None:
    students = sample("students.json")
    assert len({student["student_id"] for student in students}) == 20
    assert len({(student["first_name"], student["last_name"]) for student in students}) == 20


def test_sample_surnames_include_an_apostrophe_a_tilde_and_a_double_name() -> None:
    surnames = {student["last_name"] for student in sample("students.json")}
    assert {"O'Brien", "Nuñez"} <= surnames
    assert any(" " in surname for surname in surnames)


def test_the_sample_has_twelve_devices_of_four_platforms() -> None:
    devices = sample("devices.json")
    assert len({device["device_id"] for device in devices}) == len(devices) == 12
    assert len({device["device_name"] for device in devices}) == 12
    platforms = {device["platform"] for device in devices}
    assert platforms == {"windows", "macos", "chromeos", "ipados"}


def test_a_sample_device_has_eight_fields_with_known_values() -> None:
    for device in sample("devices.json"):
        assert list(device) == [
            "device_id",
            "device_name",
            "device_type",
            "platform",
            "os_version",
            "assigned_to",
            "compliance_status",
            "facts",
        ]
        assert device["device_type"] in {"laptop", "desktop", "tablet", "mobile"}
        assert device["compliance_status"] in {"compliant", "non_compliant", "unknown"}
        assert isinstance(device["os_version"], str)


def test_sample_devices_include_two_non_compliant_and_two_unknown_ones() -> None:
    states = Counter(device["compliance_status"] for device in sample("devices.json"))
    assert states["non_compliant"] >= 2
    assert states["unknown"] >= 2
    assert states["compliant"] > 0


def test_three_sample_devices_are_free_and_nobody_has_two() -> None:
    owners = [device["assigned_to"] for device in sample("devices.json")]
    assert owners.count(None) == 3
    assigned = [owner for owner in owners if owner is not None]
    assert len(set(assigned)) == len(assigned)
    assert set(assigned) <= {student["student_id"] for student in sample("students.json")}


def test_the_sample_has_seven_policies_of_three_types_and_one_is_disabled() -> None:
    policies = sample("policies.json")
    assert len({policy["policy_name"] for policy in policies}) == len(policies) == 7
    types = {policy["policy_type"] for policy in policies}
    assert types == {"security", "compliance", "network"}
    assert [policy["enabled"] for policy in policies].count(False) == 1


def test_a_sample_policy_has_eight_fields_with_known_values() -> None:
    platforms = {"windows", "macos", "chromeos", "ipados"}
    for policy in sample("policies.json"):
        assert list(policy) == [
            "policy_name",
            "policy_type",
            "description",
            "applies_to",
            "enforcement_level",
            "enabled",
            "rule",
            "grace_days",
        ]
        assert policy["description"]
        assert policy["applies_to"] in {"all_devices", "all_users", *platforms}
        assert policy["enforcement_level"] in {"required", "recommended", "informational"}
        assert isinstance(policy["enabled"], bool)


def test_every_sample_policy_is_accepted_and_only_the_one_for_people_has_no_rule() -> None:
    policies = [Policy.model_validate(policy) for policy in sample("policies.json")]
    bare = [policy.policy_name for policy in policies if policy.rule is None]
    assert bare == ["Password Length"]


def test_the_facts_of_the_sample_are_accepted_and_one_device_has_never_told_any() -> None:
    facts = {device["device_id"]: device["facts"] for device in sample("devices.json")}
    assert [name for name, told in facts.items() if told is None] == ["DEV-007"]
    for told in facts.values():
        assert told is None or CheckIn(facts=told)


def test_the_command_in_the_readme_writes_the_committed_files(tmp_path: Path) -> None:
    readme = (ROSTERS / "README.md").read_text("utf-8")
    command = re.search(r"^python scripts/make_roster\.py (.*--expected .*)$", readme, re.M)
    assert command is not None, "data/rosters/README.md no longer shows the command"
    (tmp_path / "data" / "rosters").mkdir(parents=True)
    make_roster(*shlex.split(command[1]), cwd=tmp_path)
    for name in ("riverbend.csv", "riverbend.expected.json"):
        made = (tmp_path / "data" / "rosters" / name).read_bytes()
        assert made == (ROSTERS / name).read_bytes(), f"{name} is not what the script writes"


def test_the_readme_states_the_expected_counts(expected: dict[str, Any]) -> None:
    readme = (ROSTERS / "README.md").read_text("utf-8")
    counts = (expected["created"], expected["unchanged"], expected["rejected"])
    assert "| {} | {} | {} |".format(*counts) in readme


def test_the_roster_has_a_byte_order_mark_and_only_crlf_line_ends() -> None:
    data = (ROSTERS / "riverbend.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfType,")
    assert data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r") == data.count(b"\r\n")


def test_the_roster_has_the_agreed_header(text: str) -> None:
    assert text.split("\r\n")[0] == (
        "Type,StudentID,EmployeeID,FirstName,LastName,GradeLevel,GraduationYear,Department,Role"
    )


def test_every_row_is_created_unchanged_or_rejected(text: str, expected: dict[str, Any]) -> None:
    rows = text.count("\r\n") - 1
    assert expected["created"] + expected["unchanged"] + expected["rejected"] == rows
    assert len(set(expected["rejected_lines"])) == expected["rejected"] == 23
    assert expected["unchanged"] == 2


def test_the_good_rows_are_500_students_and_42_staff(good: list[dict[str, str]]) -> None:
    people = {(row["Type"].lower(), row["StudentID"], row["EmployeeID"]) for row in good}
    assert Counter(kind for kind, _, _ in people) == {"student": 500, "staff": 42}


def test_the_rules_reject_exactly_the_rows_meant_to_be_bad(bad_lines: list[str]) -> None:
    clean = set(make_roster("--clean").split("\r\n"))
    everything = make_roster().split("\r\n")
    assert bad_lines == [line for line in everything if line not in clean]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("GradeLevel", "8"),
        ("GradeLevel", "13"),
        ("GradeLevel", "ten"),
        ("GradeLevel", ""),
        ("GraduationYear", "1999"),
        ("GraduationYear", "20270"),
        ("GraduationYear", ""),
        ("FirstName", ""),
        ("LastName", ""),
        ("StudentID", ""),
        ("StudentID", "S99 0011"),
        ("StudentID", "S99/0012"),
        ("LastName", "12345"),
        ("FirstName", "Be\x07ll"),
        ("FirstName", "=cmd()"),
        ("LastName", "n" * 101),
    ],
)
def test_a_student_row_is_bad_for_one_value(text: str, column: str, value: str) -> None:
    students = [row for row in parsed(text) if row["Type"].lower() == "student"]
    assert [row[column] for row in students].count(value) == 1


def test_bad_rows_have_a_missing_department_or_role_or_a_strange_type(
    bad_lines: list[str],
) -> None:
    header = (
        "Type,StudentID,EmployeeID,FirstName,LastName,GradeLevel,GraduationYear,Department,Role"
    )
    rows = parsed("\r\n".join([header, *bad_lines]))
    staff = [(row["Department"], row["Role"]) for row in rows if row["Type"] == "staff"]
    assert sorted(staff) == [("", "Teacher"), ("Science", "")]
    assert [row["Type"] for row in rows].count("alumni") == 1


def test_one_bad_row_is_too_short_and_one_too_long(bad_lines: list[str]) -> None:
    widths = Counter(len(row) for row in csv.reader(bad_lines))
    assert (widths[7], widths[10], widths[9]) == (1, 1, len(bad_lines) - 2)


def test_two_rows_that_claim_one_id_are_both_bad(bad_lines: list[str]) -> None:
    claims = [line for line in bad_lines if ",S9900013," in line]
    assert len(set(claims)) == 2


@pytest.mark.parametrize(
    "part",
    ["O'Brien", "O\u2019Connor", "Nu\u00f1ez", "n\u0303", "e\u0308", "\u738b", "\u0421\u043e",
     "\u0641\u0627", "ß", "Ł", "\u0131", "\u0130", " Jr.", "García Márquez", "Lefebvre-Diop",
     "Ad,Min", "Test,Admin", '"student"', '"Library, Media and Research"', '(""CTE"")'],
)  # fmt: skip
def test_an_awkward_part_stands_in_a_clean_roster(part: str) -> None:
    assert part in make_roster("--clean")


def test_types_are_written_in_several_cases(good: list[dict[str, str]]) -> None:
    kinds = {row["Type"] for row in good}
    assert {"student", "Student", "STUDENT", "staff", "Staff", "STAFF"} <= kinds


def test_composed_names_reach_from_one_character_to_a_hundred(
    good: list[dict[str, str]],
) -> None:
    widths = {len(unicodedata.normalize("NFC", row["LastName"])) for row in good}
    assert {1, 60, 100} <= widths
    assert max(widths) == 100
    assert "X" in {row["FirstName"] for row in good}


def test_a_name_of_a_hundred_characters_is_longer_before_it_is_composed(
    good: list[dict[str, str]],
) -> None:
    assert max(len(row["LastName"]) for row in good) == 101


def test_equal_names_exist_under_different_ids(good: list[dict[str, str]]) -> None:
    ids = {row["StudentID"] for row in good if row["FirstName"] + row["LastName"] == "MayaChen"}
    assert len(ids) >= 2


def test_some_students_share_initial_surname_and_last_four_of_the_id(
    good: list[dict[str, str]],
) -> None:
    students = {row["StudentID"]: row for row in good if row["StudentID"]}
    keys = Counter(
        plain(row["FirstName"])[:1] + plain(row["LastName"]) + student_id[-4:]
        for student_id, row in students.items()
    )
    shared = {key: times for key, times in keys.items() if times > 1}
    assert shared == {"arivera1234": 3, "pnunez2345": 2, "kobrien3456": 2}


def plain(name: str) -> str:
    return re.sub("[^a-z]", "", unicodedata.normalize("NFKD", name).lower())


def test_one_row_is_repeated_exactly_and_one_but_for_spaces(text: str) -> None:
    lines = text.split("\r\n")[1:-1]
    assert [times for times in Counter(lines).values() if times > 1] == [2]
    trimmed = Counter(",".join(field.strip() for field in row) for row in csv.reader(lines))
    assert [times for times in trimmed.values() if times > 1] == [2, 2]


def test_another_seed_gives_other_names_and_the_same_ids() -> None:
    one, other = (parsed(make_roster("--clean", "--seed", seed)) for seed in ("1", "2"))
    assert {row["StudentID"] for row in one} == {row["StudentID"] for row in other}
    assert {row["LastName"] for row in one[:50]} != {row["LastName"] for row in other[:50]}


def test_a_hundred_thousand_students_have_a_hundred_thousand_ids() -> None:
    rows = make_roster("--students", "100000", "--staff", "0", "--clean").splitlines()[1:]
    assert len({row.split(",")[1].strip('" ') for row in rows}) == 100_000


@pytest.mark.parametrize(("students", "staff"), [(0, 0), (1, 0), (7, 3), (60, 20)])
def test_a_small_roster_has_exactly_the_people_asked_for(
    tmp_path: Path, students: int, staff: int
) -> None:
    report = tmp_path / "expected.json"
    make_roster("--students", f"{students}", "--staff", f"{staff}", "--expected", str(report))
    assert json.loads(report.read_text("utf-8"))["created"] == students + staff


def test_a_negative_number_of_students_is_refused() -> None:
    with pytest.raises(subprocess.CalledProcessError) as refusal:
        make_roster("--students", "-1")
    assert b"-1 is not between 0 and 500000" in refusal.value.stderr


def test_a_missing_output_folder_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "roster.csv"
    with pytest.raises(subprocess.CalledProcessError) as refusal:
        make_roster("--output", str(missing))
    assert str(missing) in refusal.value.stderr.decode()
