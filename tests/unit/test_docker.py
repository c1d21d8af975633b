"""How the docker command line is spoken to, and what is made of what it says."""

import json
import sys
from pathlib import Path

import pytest

from coreskills import config
from coreskills.errors import StackFailed
from coreskills.health.probe import CannotTell
from coreskills.stack import compose_preflight, containers
from coreskills.stack.compose_readiness import worst
from coreskills.stack.docker import Docker
from coreskills.stack.home import Home
from coreskills.stack.project import Project
from coreskills.stack.state import Condition, ServiceState
from tests.scripted_docker import ScriptedDocker

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="scripts are programs elsewhere")


@pytest.fixture
def docker(tmp_path: Path) -> ScriptedDocker:
    return ScriptedDocker(tmp_path / "bin")


def container(service: str, number: int = 1, **state: object) -> dict[str, object]:
    told = {"Status": "running", "Running": True, "Restarting": False, "ExitCode": 0, "Pid": 7}
    told["StartedAt"] = "2026-11-26T10:00:00.123456789Z"
    labels = {"service": service, "container-number": str(number)}
    return {
        "Id": f"{service}{number}",
        "State": told | state,
        "RestartCount": 2,
        "Config": {"Labels": {containers.LABEL + name: text for name, text in labels.items()}},
        "NetworkSettings": {"Ports": {"5000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "5007"}]}},
    }


def states(docker: ScriptedDocker, tmp_path: Path, *found: dict[str, object]) -> dict[str, str]:
    docker.answers("ps", out="\n".join(str(each["Id"]) for each in found))
    docker.answers("inspect", out=json.dumps(found))
    project = Project(Home(tmp_path), docker)
    return {state.name: state.state for state in containers.states(project)}


def test_a_refusal_says_what_docker_said(docker: ScriptedDocker):
    docker.answers("info", code=1, err="Cannot connect\n")
    with pytest.raises(StackFailed, match="docker info was refused: Cannot connect"):
        docker.said("info")


def test_an_engine_that_hangs_is_given_up(docker: ScriptedDocker):
    docker.answers("info", seconds=30)
    with pytest.raises(StackFailed, match="within 0 s") as caught:
        docker.ask("info", within=0.3)
    assert caught.value.exit_code == 6


def test_a_program_that_cannot_run_is_no_traceback():
    with pytest.raises(StackFailed, match="cannot be run"):
        Docker("/nowhere/docker", {}).ask("info")


def test_something_long_tells_what_it_says_last(docker: ScriptedDocker, tmp_path: Path):
    docker.answers("pull", code=3, err="manifest unknown")
    log = tmp_path / "log"
    log.write_text("from before\n")
    assert docker.watched(["pull", "x"], log, 20, lambda _: None) == 3
    assert log.read_text().split("\n", 1)[0] == "from before"
    assert "manifest unknown" in log.read_text()


def test_secrets_of_the_shell_do_not_reach_docker():
    found = config.for_docker(
        {
            "PATH": "/bin",
            "DOCKER_HOST": "unix:///x",
            "https_proxy": "http://proxy",
            "CORESKILLS_REDIS_IMAGE": "mirror/valkey",
            "COMPOSE_FILE": "of-another-project.yaml",
            "AWS_SECRET_ACCESS_KEY": "x",
        }
    )
    assert found.keys() == {"PATH", "DOCKER_HOST", "https_proxy", "CORESKILLS_REDIS_IMAGE"}


@pytest.mark.parametrize(
    ("engine", "compose", "why"),
    [
        (("28.2.2", 0), ("2.40.3", 0), ""),
        (("v25.0", 0), ("v2.20.0", 0), ""),
        (("24.0.7", 0), ("2.40.3", 0), "25.0 or newer is needed"),
        (("28.2.2", 0), ("2.19.1", 0), "2.20 or newer is needed"),
        (("28.2.2", 0), ("unknown command", 1), "no compose plugin"),
        (("", 1), ("2.40.3", 0), "the engine does not answer"),
    ],
)
def test_an_engine_that_will_not_do_is_named(
    docker: ScriptedDocker, engine: tuple[str, int], compose: tuple[str, int], why: str
):
    docker.answers("version", "--short", out=compose[0], code=compose[1])
    docker.answers("version", "--format", out=engine[0], code=engine[1])
    found = compose_preflight.obstacle(docker)
    assert why in found if why else found == ""


def test_a_user_without_the_right_is_told_about_the_group(docker: ScriptedDocker):
    docker.answers("version", code=1, err="permission denied while trying to connect")
    assert "group docker" in compose_preflight.obstacle(docker)


def test_no_docker_at_all_is_an_obstacle_too():
    assert compose_preflight.obstacle(None) == "there is no docker command"


def test_a_small_virtual_machine_is_refused_by_name(docker: ScriptedDocker, tmp_path: Path):
    docker.answers("version", "--short", out="2.40.3")
    docker.answers("version", out="28.2.2")
    facts = {"MemTotal": 512 * 2**20, "DockerRootDir": str(tmp_path)}
    docker.answers("info", out=json.dumps(facts))
    with pytest.raises(StackFailed) as caught:
        compose_preflight.run(tmp_path, docker, frozenset())
    assert (caught.value.check, caught.value.exit_code) == ("docker.memory", 4)
    skipped = frozenset({"docker.memory", "docker.disk"})
    assert len(compose_preflight.run(tmp_path, docker, skipped)) == 5


def test_an_engine_that_does_not_answer_is_not_called_small(docker: ScriptedDocker):
    docker.answers("info", out=json.dumps({"MemTotal": 0, "ServerErrors": ["Cannot connect"]}))
    with pytest.raises(CannotTell):
        compose_preflight.memory(docker)


@pytest.mark.parametrize(
    ("state", "condition"),
    [
        ({}, "running"),
        ({"Health": {"Status": "healthy"}}, "running"),
        ({"Health": {"Status": "starting"}}, "waiting"),
        ({"Health": {"Status": "unhealthy"}}, "failed"),
        ({"Status": "created", "Running": False}, "waiting"),
        ({"Status": "restarting"}, "failed"),
        ({"Status": "exited", "Running": False, "ExitCode": 137}, "failed"),
        ({"Status": "exited", "Running": False, "ExitCode": 0}, "stopped"),
    ],
)
def test_what_the_engine_says_of_a_container_becomes_a_state(
    docker: ScriptedDocker, tmp_path: Path, state: dict[str, object], condition: str
):
    assert states(docker, tmp_path, container("api", **state)) == {"api": condition}


def test_the_step_that_ends_is_done_and_services_stand_in_their_order(
    docker: ScriptedDocker, tmp_path: Path
):
    ended = {"Status": "exited", "Running": False}
    found = states(
        docker,
        tmp_path,
        container("worker", 2),
        container("worker"),
        container("migrate", **ended),
        container("postgres"),
    )
    assert list(found.items()) == [
        ("postgres", "running"),
        ("migrate", "done"),
        ("worker-1", "running"),
        ("worker-2", "running"),
    ]


def test_only_containers_of_this_home_are_looked_for(docker: ScriptedDocker, tmp_path: Path):
    ours, others = (Project(Home(tmp_path / name / "default"), docker) for name in ("a", "b"))
    assert ours.name != others.name
    docker.answers("ps")
    assert containers.states(ours) == []
    assert f"label=com.docker.compose.project={ours.name}" in docker.asked("ps")[0]


@pytest.mark.parametrize(
    ("states_", "blamed", "named"),
    [
        ({"redis": "running", "api": "stopped"}, ["redis"], "redis"),
        ({"redis": "running", "api": "stopped", "worker": "failed"}, [], "worker"),
        ({"postgres": "running", "migrate": "waiting"}, [], "migrate"),
        ({"postgres": "running", "migrate": "done"}, [], None),
        ({}, [], None),
    ],
)
def test_of_containers_that_are_not_well_the_cause_is_named(
    states_: dict[str, Condition], blamed: list[str], named: str | None
):
    found = worst([ServiceState(name, state) for name, state in states_.items()], blamed)
    assert (found.name if found else None) == named


def test_memory_is_added_up_in_one_unit(docker: ScriptedDocker, tmp_path: Path):
    docker.answers("ps", out="api1")
    docker.answers("inspect", out=json.dumps([container("api")]))
    docker.answers("stats", out="100.5MiB / 512MiB\n1.5GiB / 2GiB\n512kB / 1MiB")
    found = containers.resident_mebibytes(Project(Home(tmp_path), docker))
    assert found == pytest.approx(100.5 + 1536 + 512_000 / 2**20)
