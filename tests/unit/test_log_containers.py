"""Logs of containers are lines like those of the native mode."""

from pathlib import Path

import pytest

from coreskills.errors import StackFailed
from coreskills.stack.home import Home
from coreskills.stack.log_containers import LogContainers
from coreskills.stack.project import Project
from tests.scripted_docker import ScriptedDocker

NAMES = ["postgres", "api", "worker"]
TOLD = """\
api-1       | {"event":"second","job_id":7,"timestamp":"2026-11-26T10:00:02Z"}
postgres-1  | 2026-11-26 10:00:03.000 UTC [1] LOG:  third | with a bar
postgres-1  |  \tand its second line
worker-1    | {"event":"first","timestamp":"2026-11-26T10:00:01Z"}"""


@pytest.fixture
def docker(tmp_path: Path) -> ScriptedDocker:
    return ScriptedDocker(tmp_path / "docker")


def project(docker: ScriptedDocker) -> Project:
    return Project(Home(docker.folder / "home"), docker)


def test_they_come_in_the_order_in_which_they_were_written(docker):
    docker.answers("logs", "--tail", "2", out=TOLD)
    lines = LogContainers(project(docker), NAMES, None).last(2)
    assert [(line.service, line.fields.get("event")) for line in lines] == [
        ("worker", "first"),
        ("api", "second"),
        ("postgres", None),
        ("postgres", None),
    ]
    assert lines[2].text.endswith("third | with a bar")
    assert lines[2].at == lines[3].at


def test_a_service_is_asked_by_its_name_also_one_process_of_it(docker):
    docker.answers("logs", out="")
    LogContainers(project(docker), NAMES, "worker-1").all()
    assert docker.asked("logs")[0][-1] == "worker"


def test_what_is_written_from_now_on_is_followed(docker):
    docker.answers("logs", "--follow", "--tail", "0", out=TOLD)
    followed = LogContainers(project(docker), NAMES, None).following()
    assert [line.service for line in followed] == ["api", "postgres", "postgres", "worker"]


def test_a_service_that_has_no_container_is_refused_with_those_that_have(docker):
    with pytest.raises(StackFailed) as refused:
        LogContainers(project(docker), NAMES, "grafana")
    assert (refused.value.check, refused.value.fix) == (
        "logs.service",
        f"one of: {', '.join(NAMES)}",
    )
