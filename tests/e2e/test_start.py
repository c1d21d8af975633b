"""The start contract (docs/explanation/start.md), point by point."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from coreskills.errors import AppError
from coreskills.stack.account import unprivileged
from coreskills.stack.client import Refused
from coreskills.stack.observers import OBSERVERS
from tests.e2e.conftest import Instance, free_row
from tests.people import ADA

pytestmark = pytest.mark.e2e
ROOT_ONLY = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="needs root to act as somebody else"
)


def test_a_start_ends_with_a_proven_job_the_sample_data_and_one_json_document(new_instance):
    instance = new_instance()
    facts = instance.start()
    assert facts["mode"] == "native"
    assert facts["home"] == str(instance.home)
    assert facts["round_trip_ms"] > 0
    states = {s["name"]: s["state"] for s in facts["services"]}
    assert {name: state for name, state in states.items() if name not in OBSERVERS} == {
        "postgres": "running",
        "redis": "running",
        "api": "running",
        "worker": "running",
    }
    sizes = {
        name: len(instance.api.get(f"/api/v1/{name}")[name])
        for name in ("students", "devices", "policies")
    }
    assert sizes == {"students": 20, "devices": 12, "policies": 7}


def test_stop_leaves_no_process_and_no_port(new_instance):
    instance = new_instance()
    facts = instance.start("--no-seed")
    ports = [service["port"] for service in facts["services"] if service["port"]]
    instance.stop()
    assert instance.processes() == []
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_starting_twice_is_harmless_and_stopping_twice_too(new_instance):
    instance = new_instance()
    first = instance.start("--no-seed")
    second = instance.json("start", "--no-seed")
    pids = [{s["name"]: s["pid"] for s in facts["services"]} for facts in (first, second)]
    assert pids[0] == pids[1]
    instance.stop()
    again = instance.run("stop")
    assert again.returncode == 0
    assert "nothing was running" in again.stderr


def test_data_outlives_a_stop(new_instance):
    instance = new_instance()
    instance.start("--no-seed")
    job = instance.api.post("/api/v1/users/student", ADA)
    instance.api.wait_for_job(job["job_id"], 20)
    instance.stop()
    instance.start("--no-seed")
    assert instance.api.get("/api/v1/students/S2028001")["username"] == "alovelace8001"


def test_three_instances_live_side_by_side(new_instance):
    instances = [new_instance() for _ in range(3)]
    for instance in instances:
        instance.start("--no-seed")
    for number, instance in enumerate(instances):
        student = ADA | {"student_id": f"S{number}"}
        job = instance.api.post("/api/v1/users/student", student)
        assert instance.api.wait_for_job(job["job_id"], 20)["status"] == "completed"
    for number, instance in enumerate(instances):
        students = instance.api.get("/api/v1/students")["students"]
        assert [row["student_id"] for row in students] == [f"S{number}"]
    instances[0].stop()
    assert instances[1].api.get("/health")["status"] == "healthy"


def test_a_busy_port_is_replaced_saved_and_printed(new_instance):
    instance = new_instance()
    base = free_row()
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", base))
        squatter.listen()
        done = instance.run("start", "--no-seed", "--port-base", str(base), "--json")
    assert done.returncode == 0, done.stderr
    assert f"api: port {base} is busy" in done.stderr
    facts = json.loads(done.stdout)
    port = int(facts["urls"]["api"].rsplit(":", 1)[1])
    assert port != base
    assert json.loads((instance.home / "instance.json").read_text())["ports"]["api"] == port
    instance.facts = facts
    assert instance.api.get("/health")["status"] == "healthy"


def test_secrets_are_private_and_in_no_command_line_or_environment(new_instance):
    instance = new_instance()
    instance.start("--no-seed")
    folder = instance.home / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = list(folder.iterdir())
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    secrets = [path.read_text() for path in files]
    for process in instance.processes():
        seen = " ".join([*process.cmdline(), *process.environ().values()])
        assert not [secret for secret in secrets if secret in seen]


def test_only_loopback_is_bound(running):
    listening = {
        connection.laddr.ip
        for process in running.processes()
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_the_password_is_shown_at_the_first_start_and_never_again(new_instance):
    instance = new_instance()
    base = str(free_row())
    first = instance.run("start", "--no-seed", "--port-base", base)
    password = (instance.home / "secrets" / "admin_password").read_text()
    assert password in first.stdout
    second = instance.run("start", "--no-seed")
    assert password not in second.stdout + second.stderr
    assert "curl -H" in second.stdout


def test_what_a_crash_leaves_over_is_cleaned_up_by_the_next_start(new_instance):
    instance = new_instance()
    instance.start("--no-seed")
    before = {process.pid for process in instance.processes()}
    pids = {name: instance.pid(name) for name in ("api", "worker")}
    os.kill(instance.supervisor(), signal.SIGKILL)
    time.sleep(0.3)
    for name in ("api", "worker"):  # and as if the crash had taken these parents, too
        os.kill(pids[name], signal.SIGKILL)
    instance.start("--no-seed")
    assert not before & {process.pid for process in instance.processes()}
    assert instance.api.get("/health")["status"] == "healthy"


@pytest.mark.parametrize("seconds", [0.4, 0.9, 1.6, 2.6])
def test_a_start_killed_midway_is_mended_by_the_next(new_instance, seconds):
    instance = new_instance()
    command = [sys.executable, "-m", "coreskills", "start", "--home", str(instance.home)]
    half = subprocess.Popen(
        [*command, "--port-base", str(free_row())],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(seconds)
    half.kill()
    half.wait()
    instance.start("--no-seed")
    assert instance.api.get("/health")["status"] == "healthy"
    instance.stop()
    assert instance.processes() == []


@pytest.mark.parametrize("name", ["postgres", "redis", "api", "worker"])
def test_a_killed_service_comes_back_and_no_job_is_lost(new_instance, name):
    instance = new_instance()
    instance.start("--no-seed")
    victim = instance.pid(name)
    os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while instance.pid(name) in (0, victim) and time.monotonic() < deadline:
        time.sleep(0.1)
    job = _post_patiently(instance)
    assert instance.api.wait_for_job(job, 30)["status"] == "completed"
    instance.stop()
    assert instance.processes() == []


def _post_patiently(instance: Instance) -> int:
    """As a client should: again, with the same key, until it is accepted."""
    deadline = time.monotonic() + 15
    while True:
        try:
            headers = {"Idempotency-Key": "once"}
            return int(instance.api.post("/api/v1/users/student", ADA, headers)["job_id"])
        except (AppError, StopIteration):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def test_without_redis_the_stack_polls_postgresql_and_says_so(new_instance):
    instance = new_instance()
    facts = instance.start("--no-redis")
    assert facts["queue"] == "postgresql"
    assert "redis" not in [service["name"] for service in facts["services"]]
    health = instance.api.get("/health")
    assert (health["status"], health["redis"]) == ("degraded", "absent")
    assert len(instance.api.get("/api/v1/students")["students"]) == 20
    checked = instance.run("check")
    assert checked.returncode == 7
    assert "not run  Redis answers" in checked.stdout


def test_an_open_sandbox_needs_no_token(new_instance):
    instance = new_instance()
    instance.start("--open", "--no-seed")
    stranger = type(instance.api)(instance.facts["urls"]["api"])
    assert stranger.get("/api/v1/users") == {"users": []}


def test_a_frozen_redis_delays_nothing_but_the_doorbell(new_instance):
    instance = new_instance()
    instance.start("--no-seed")
    frozen = psutil.Process(instance.pid("redis"))
    frozen.suspend()
    try:
        job = instance.api.post("/api/v1/users/student", ADA)
        assert instance.api.wait_for_job(job["job_id"], 20)["status"] == "completed"
    finally:
        frozen.resume()


def test_a_dead_postgresql_is_a_503_and_never_a_202(new_instance):
    instance = new_instance()
    instance.start("--no-seed")
    frozen = psutil.Process(instance.pid("postgres"))
    os.kill(instance.supervisor(), signal.SIGSTOP)  # or it would start another at once
    frozen.kill()
    time.sleep(0.5)
    try:
        with pytest.raises(Refused) as refused:
            instance.api.post("/api/v1/users/student", ADA)
        with pytest.raises(Refused) as unhealthy:
            instance.api.get("/health")
        assert [refused.value.status, unhealthy.value.status] == [503, 503]
    finally:
        os.kill(instance.supervisor(), signal.SIGCONT)


@ROOT_ONLY
def test_root_steps_down_for_the_servers(new_instance):
    instance = new_instance()
    instance.start("--no-seed")
    for name in ("postgres", "redis"):
        assert psutil.Process(instance.pid(name)).uids().real != 0


@ROOT_ONLY
def test_root_may_use_a_home_that_other_accounts_cannot_reach(new_instance, tmp_path: Path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    instance = Instance(closed / "home")
    try:
        instance.start("--no-seed")
        assert instance.api.get("/health")["status"] == "healthy"
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    finally:
        erased = instance.run("reset", "--yes")
    assert erased.returncode == 0, erased.stderr
    assert not instance.home.exists()


@ROOT_ONLY
def test_an_ordinary_user_needs_no_rights(new_instance, reachable: Path):
    account = unprivileged()
    assert account is not None
    if not account.can_reach(Path(sys.executable)) or not account.can_reach(Path(__file__)):
        pytest.skip(f"{account.name} cannot reach this checkout")
    place = reachable / "ordinary"
    place.mkdir()
    os.chown(place, account.uid, account.gid)
    instance = new_instance(place / "home", popen=account.popen_arguments())
    instance.start()
    assert len(instance.api.get("/api/v1/students")["students"]) == 20
    assert {p.uids().real for p in instance.processes()} == {account.uid}


@ROOT_ONLY
def test_a_home_that_cannot_be_written_is_refused_with_the_fix(reachable: Path):
    account = unprivileged()
    assert account is not None
    if not account.can_reach(Path(sys.executable)):
        pytest.skip(f"{account.name} cannot reach this checkout")
    instance = Instance(reachable / "not-mine" / "home", popen=account.popen_arguments())
    (reachable / "not-mine").mkdir(mode=0o755)
    done = instance.run("start")
    assert done.returncode == 4
    assert "check: home.writable" in done.stderr
    assert "fix: " in done.stderr
    assert "Traceback" not in done.stderr


@ROOT_ONLY
def test_a_full_disk_is_refused_before_anything_is_changed(reachable: Path):
    small = reachable / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(small)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this machine may not mount")
    try:
        done = Instance(small / "home").run("start", "--json")
        assert done.returncode == 4
        error = json.loads(done.stdout)["error"]
        assert error["check"] == "disk.free"
        assert "--skip-check disk.free" in error["fix"]
        assert [path.name for path in small.iterdir()] in ([], ["home"])
        assert not (small / "home" / "secrets").exists()
    finally:
        subprocess.run(["umount", str(small)], check=True)


@ROOT_ONLY
def test_nothing_connects_to_the_outside(reachable: Path):
    """In a network that has nothing but loopback, everything works."""
    instance = Instance(reachable / "offline")
    script = (
        f"ip link set lo up && {sys.executable} -m coreskills start --home {instance.home} --json "
        f"&& {{ {sys.executable} -m coreskills check --home {instance.home} || [ $? = 7 ]; }} "
        f"&& {sys.executable} -m coreskills stop --home {instance.home}"
    )
    if subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode:
        pytest.skip("this machine may not make network namespaces")
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", script], capture_output=True, text=True, timeout=120, cwd="/"
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "0 failed" in done.stdout


def test_two_starts_at_once_make_one_instance(new_instance):
    instance = new_instance()
    command = [sys.executable, "-m", "coreskills", "start", "--home", str(instance.home)]
    command += ["--json", "--port-base", str(free_row())]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    pids = [{s["name"]: s["pid"] for s in json.loads(out)["services"]} for out, _ in answers]
    assert pids[0] == pids[1]
    told = "".join(words for _, words in answers)
    assert told.count("20 students (20 new), 12 devices (12 new), 7 policies (7 new)") == 1
