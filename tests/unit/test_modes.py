"""Which way an instance is run, and which images its containers are made from."""

import sys
from pathlib import Path

import pytest

from coreskills.errors import StackFailed
from coreskills.stack import images, modes
from coreskills.stack.home import Home
from coreskills.stack.project import ROOT, Project
from tests.scripted_docker import ScriptedDocker

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="scripts are programs elsewhere")
NAMES = images.locked(ROOT)


@pytest.fixture
def docker(tmp_path: Path) -> ScriptedDocker:
    """An engine that is new enough."""
    made = ScriptedDocker(tmp_path / "bin")
    made.answers("version", "--short", out="2.40.3")
    made.answers("version", "--format", out="28.2.2")
    return made


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create(None)
    return made


def has(docker: ScriptedDocker, *settings: str, ours: tuple[str, ...] = ()) -> None:
    tag = images.tag_of(ROOT)
    for name in [*(NAMES[s] for s in settings), *(f"coreskills/{each}:{tag}" for each in ours)]:
        docker.answers("image", "inspect", name, out="sha256:1")


CORE = ("CORESKILLS_POSTGRES_IMAGE", "CORESKILLS_REDIS_IMAGE")
MORE = (
    "CORESKILLS_PROMETHEUS_IMAGE",
    "CORESKILLS_ALERTMANAGER_IMAGE",
    "CORESKILLS_GRAFANA_IMAGE",
)


def chosen(home: Home, docker: ScriptedDocker | None, wish: modes.Wish = "auto") -> list[str]:
    said: list[str] = []
    return [modes.choose(home, wish, docker, said.append), said[-1]]


def test_containers_are_chosen_where_engine_and_images_are(home: Home, docker: ScriptedDocker):
    has(docker, *CORE, *MORE, ours=("api", "worker"))
    assert chosen(home, docker) == ["compose", "mode: compose (chosen by itself: a Docker engine "
                                    "answers)"]  # fmt: skip


def test_an_image_that_cannot_be_had_leads_to_the_native_mode_and_is_named(
    home: Home, docker: ScriptedDocker
):
    docker.answers("pull", code=1, err="dial tcp: lookup registry: no such host")
    name, said = chosen(home, docker)
    assert name == "native"
    assert NAMES[CORE[0]] in said
    assert "no such host" in said


def test_without_docker_the_native_mode_is_chosen(home: Home):
    assert chosen(home, None)[0] == "native"


def test_who_asks_for_native_does_not_even_ask_docker(home: Home, docker: ScriptedDocker):
    assert chosen(home, docker, "native") == ["native", "mode: native"]
    assert not (docker.folder / "asked").exists()


@pytest.mark.parametrize("kept", ["native", "compose"])
def test_an_instance_keeps_the_mode_it_was_made_with(home: Home, kept: modes.Wish):
    home.save_instance({"mode": kept})
    assert chosen(home, None)[0] == kept
    other: modes.Wish = "compose" if kept == "native" else "native"
    with pytest.raises(StackFailed) as caught:
        chosen(home, None, other)
    assert (caught.value.check, caught.value.exit_code) == ("mode.kept", 5)


def test_a_mode_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CORESKILLS_MODE", "sideways")
    with pytest.raises(StackFailed, match="sideways"):
        modes.wished(None)


def test_nothing_is_pulled_or_built_when_all_is_here(home: Home, docker: ScriptedDocker):
    has(docker, *CORE, *MORE, ours=("api", "worker"))
    found = images.obtain(Project(home, docker), print)
    assert (found.worker, found.without) == ("worker", [])
    assert docker.asked("pull") == docker.asked("build") == []


def test_without_grafana_the_rest_goes_on_and_says_so(home: Home, docker: ScriptedDocker):
    has(docker, *CORE, *MORE[:-1], ours=("api", "worker"))
    docker.answers("pull", code=1, err="no such host")
    said: list[str] = []
    found = images.obtain(Project(home, docker), said.append)
    assert found.without == ["grafana"]
    assert "grafana: not here, going on without it: no such host" in said


def test_without_the_image_of_powershell_the_worker_is_built_without(
    home: Home, docker: ScriptedDocker
):
    has(docker, *CORE, *MORE, images.PYTHON)
    docker.answers("pull", NAMES[images.PWSH], code=1, err="no such host")
    docker.answers("build", code=1, err="ERROR: no space left on device")
    with pytest.raises(StackFailed, match="no space left on device") as caught:
        images.obtain(Project(home, docker), print)
    assert caught.value.check == "images.build"
    assert docker.asked("build", "worker")


def test_powershell_that_came_later_is_built_in(home: Home, docker: ScriptedDocker):
    has(docker, *CORE, *MORE, ours=("api", "worker-native"))
    found = images.present(Project(home, docker))
    assert found is not None
    assert found.worker == "worker-native"
    has(docker, images.PWSH)
    assert images.present(Project(home, docker)) is None


def test_a_pinned_image_that_came_in_a_bundle_is_found_without_its_digest(docker: ScriptedDocker):
    docker.answers("image", "inspect", "postgres:18", out="sha256:1")
    assert images.here(docker, "postgres:18@sha256:abc") == "postgres:18"
    assert images.here(docker, "postgres:17") == ""


def test_other_source_means_other_images(tmp_path: Path):
    def tag(text: str) -> str:
        (tmp_path / "src" / "coreskills").mkdir(parents=True, exist_ok=True)
        (tmp_path / "src" / "coreskills" / "x.py").write_bytes(text.encode())
        return images.tag_of(tmp_path)

    assert tag("a = 1\n") != tag("a = 2\n")
    assert tag("a = 1\r\n") == tag("a = 1\n"), "a checkout on Windows is the same source"


def test_settings_are_taken_as_they_are(home: Home, docker: ScriptedDocker):
    project = Project(home, docker)
    project.save({"A": "/x y/$HOME", "B": "it's $5"})
    assert project.settings.read_text() == "A='/x y/$HOME'\nB=\"it's \\$5\"\n"
