"""The command line, as people and programs meet it."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coreskills.cli.main import VERBS
from tests.e2e.conftest import Instance

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
ROSTER = ROOT / "data" / "rosters" / "riverbend.csv"
READ_VERBS = [
    ["status"],
    ["check"],
    ["alerts", "list"],
    ["list", "users"],
    ["list", "students"],
    ["list", "staff"],
    ["list", "devices"],
    ["list", "policies"],
    ["list", "audit"],
    ["list", "operators"],
    ["list", "schools"],
    ["list", "groups"],
    ["list", "licences"],
    ["account", "show", "S2027001"],
    ["cohort", "list"],
    ["lifecycle", "steps"],
    ["lifecycle", "clock"],
    ["limits", "list"],
    ["audit", "head"],
    ["audit", "list"],
    ["audit", "verify"],
    ["privacy", "retention"],
    ["jobs", "rows", "1"],
    ["devices", "held"],
    ["devices", "history", "DEV-001"],
    ["policies", "counts"],
    ["policies", "results", "2"],
    ["policies", "device", "DEV-001"],
    ["jobs", "list"],
    ["jobs", "show", "1"],
    ["jobs", "trace", "1"],
    ["token"],
    ["db", "url"],
]


@pytest.mark.parametrize("verb", READ_VERBS, ids=" ".join)
def test_every_read_verb_speaks_json(running: Instance, verb: list[str]):
    assert running.json(*verb)


@pytest.mark.parametrize("verb", READ_VERBS, ids=" ".join)
def test_without_a_terminal_there_is_no_colour(running: Instance, verb: list[str]):
    done = running.run(*verb)
    unseen = verb == ["check"] and "0 failed" in done.stdout  # where there is no Prometheus
    assert done.returncode == 0 or (unseen and done.returncode == 7), done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_help_names_every_verb(running: Instance):
    text = subprocess.run(
        [sys.executable, "-m", "coreskills", "--help"], capture_output=True, text=True
    ).stdout
    assert all(re.search(rf"^  {verb} ", text, re.MULTILINE) for verb in VERBS)


@pytest.mark.parametrize("verb", list(VERBS))
def test_every_verb_explains_itself(verb: str):
    done = subprocess.run(
        [sys.executable, "-m", "coreskills", verb, "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Usage: coreskills" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_there_is_a_completion_script_for(shell: str):
    done = subprocess.run(
        [sys.executable, "-m", "coreskills", "completion", shell], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "_CORESKILLS_COMPLETE" in done.stdout


def test_the_shell_completes_verbs_and_their_children(tmp_path: Path):
    def completed(words: str, position: int) -> list[str]:
        return subprocess.run(
            [sys.executable, "-m", "coreskills"],
            capture_output=True,
            text=True,
            env={
                "_CORESKILLS_COMPLETE": "complete_bash",
                "COMP_WORDS": words,
                "COMP_CWORD": str(position),
                "HOME": str(tmp_path),
            },
        ).stdout.split()

    assert completed("coreskills sta", 1) == ["start", "status"]
    assert "cancel" in completed("coreskills jobs ", 2)


def test_check_runs_at_least_fifteen_checks_and_counts_what_it_ran(monitored, running: Instance):
    found = running.json("check")
    verdicts = [check["verdict"] for check in found["checks"]]
    assert found["total"] == len(verdicts) >= 15
    assert found["ok"] == verdicts.count("ok") == found["total"]
    assert all(check["measured"] for check in found["checks"])


def test_a_failed_check_names_its_fix(monitored, new_instance):
    instance = new_instance()
    instance.start("--no-seed")
    found = instance.json("check")
    failed = {check["id"]: check["fix"] for check in found["checks"] if check["verdict"] != "ok"}
    assert failed.keys() == {"data.people", "data.devices", "data.policies"}
    assert set(failed.values()) == {"coreskills seed"}
    instance.run("seed")
    assert instance.run("check").returncode == 0


def test_smoke_passes_and_leaves_no_active_student_behind(running: Instance):
    before = len(running.api.get("/api/v1/users", is_active="true", limit=200)["users"])
    found = running.json("smoke")
    assert found["failed"] == 0
    assert found["total"] >= 6
    after = len(running.api.get("/api/v1/users", is_active="true", limit=200)["users"])
    assert after == before


def test_seeding_again_changes_nothing(running: Instance):
    found = running.json("seed")
    assert {name: counts["created"] for name, counts in found.items()} == {
        "students": 0,
        "devices": 0,
        "policies": 0,
    }


def test_seed_asks_before_it_clears(running: Instance):
    done = running.run("seed", "--clear")
    assert done.returncode == 2
    assert "--yes" in done.stderr


def test_the_demonstration_plays_to_its_end(running: Instance):
    done = running.run("demo", "--fast")
    assert done.returncode == 0, done.stderr
    assert "That was the tour: 10 scenes" in done.stdout
    assert "not run" not in done.stdout


def test_an_import_reports_its_three_counts_and_run_twice_changes_nothing(
    new_instance, tmp_path: Path
):
    expected = json.loads((ROSTER.parent / "riverbend.expected.json").read_text())
    instance = new_instance()
    instance.start("--no-seed")
    rejected = tmp_path / "rejected.csv"
    more = ["--rejected", str(rejected)]
    dry = instance.json("import", str(ROSTER), "--dry-run", *more)
    counts = {name: expected[name] for name in ("created", "unchanged", "rejected")}
    assert (dry["Counts"], dry["DryRun"]) == (counts, True)
    assert instance.api.get("/api/v1/users")["users"] == []

    first = instance.json("import", str(ROSTER), *more)
    assert (first["Counts"], first["DryRun"]) == (counts, False)
    lines = sorted({reason["line"] for reason in first["reasons"]})
    assert lines == expected["rejected_lines"]
    assert len(rejected.read_text(encoding="utf-8").splitlines()) == 1 + expected["rejected"]

    second = instance.json("import", str(ROSTER), *more)
    known = {"created": 0, "unchanged": counts["created"] + counts["unchanged"]}
    assert second["Counts"] == counts | known


def test_a_file_that_is_no_roster_is_refused_with_every_fault(running: Instance, tmp_path: Path):
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("StudentID,Shoe,Shoe\n1,2,3\n")
    done = running.run("import", str(wrong))
    assert done.returncode == 1
    assert "line 1, Shoe: is not a known column" in done.stderr
    assert "line 1, FirstName: is missing" in done.stderr


def test_a_token_can_be_made_used_and_revoked(running: Instance):
    made = running.json("token", "--new", "a program", "--days", "1")
    program = type(running.api)(running.facts["urls"]["api"], made["token"])
    assert program.get("/api/v1/auth/me")["role"] == "admin"
    assert running.run("token", "--revoke", str(made["id"])).returncode == 0
    names = [t["name"] for t in running.api.get("/api/v1/tokens")["tokens"] if t["revoked"]]
    assert "a program" in names


def test_sql_runs_with_the_rights_of_a_role(running: Instance):
    count = running.run("db", "query", "SELECT count(*) FROM users")
    assert count.returncode == 0
    refused = running.run("db", "query", "DELETE FROM audit_logs")
    assert refused.returncode != 0
    assert "permission denied" in refused.stderr


def test_logs_show_one_service_or_all(running: Instance):
    api = running.run("logs", "api", "-n", "5", "--json").stdout.splitlines()
    assert [json.loads(line)["service"] for line in api] == ["api"] * 5
    every = running.run("logs", "-n", "2").stdout
    assert {"postgres", "worker", "api"} <= {line.split()[1] for line in every.splitlines()}
    assert running.run("logs", "nonsense").returncode == 1


def test_logs_of_a_job_come_from_every_process_that_had_to_do_with_it(running: Instance):
    job = running.json("jobs", "submit", "self_test")["job_id"]
    lines = until_told(running, "logs", "--job", str(job), "--json", services={"api", "worker"})
    assert {line["job_id"] for line in lines} == {job}
    (request,) = {line["request_id"] for line in lines}
    assert lines == until_told(
        running, "logs", "--request", request, "--json", services={"api", "worker"}
    )


def until_told(running: Instance, *words: str, services: set[str]) -> list[dict]:
    for _ in range(20):
        lines = [json.loads(line) for line in running.run(*words).stdout.splitlines()]
        if services <= {line["service"] for line in lines}:
            return lines
        time.sleep(0.1)
    raise AssertionError(lines)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["status"], 3),
        (["check"], 3),
        (["list", "users"], 3),
        (["stop"], 0),
        (["nonsense"], 2),
        (["start", "--mode", "sideways"], 2),
        (["start", "--mode", "compose"], 4),
    ],
)
def test_exit_codes_are_as_documented(tmp_path: Path, arguments: list[str], code: int):
    done = subprocess.run(
        [sys.executable, "-m", "coreskills", *arguments],
        capture_output=True,
        text=True,
        env={"CORESKILLS_HOME": str(tmp_path / "nowhere"), "PATH": str(tmp_path)},  # no docker
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_reset_asks_and_then_leaves_nothing(new_instance):
    instance = new_instance()
    instance.start("--no-seed")
    assert instance.run("reset").returncode == 2
    assert instance.home.exists()
    assert instance.run("reset", "--yes").returncode == 0
    assert not instance.home.exists()
    assert instance.processes() == []
