"""compose.yaml gives no container more than it needs; without any one of its lines, this is red.

Read by PyYAML, which is always here; tests/compose/test_hardening.py has Compose render the file.
"""

import re
from pathlib import Path

import pytest
import yaml

from coreskills import __version__
from coreskills.stack.postgres import Postgres
from coreskills.stack.redis import Redis
from tests.compose import hardening, plan
from tests.compose.images import locked

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
LINES = TEXT.splitlines(keepends=True)
HARDENS = re.compile(
    r"\s+(- /|<<|tmpfs|user|init|read_only|cap_drop|security_opt|restart|logging|driver|options"
    r"|networks|mem_limit|cpus|pids_limit|healthcheck|interval|timeout|retries|start_period"
    r"|start_interval|stop_grace_period|data: \{internal)\b"
)
HARDENING = [number for number, line in enumerate(LINES) if HARDENS.match(line)]
WEAKER = {
    "published everywhere": ("${CORESKILLS_BIND:-127.0.0.1}:", ""),
    "a file of the host that can be changed": (":ro\n", "\n"),
    "a secret in the environment": ("/run/secrets/coreskills_api_url", "postgresql://x:y@z/"),
    "root": ('user: "999:999"', 'user: "0:0"'),
    "all capabilities": ("cap_drop: [ALL]", "cap_drop: [ALL]\n  cap_add: [SYS_ADMIN]"),
    "privileged": ("  init: true", "  init: true\n  privileged: true"),
    "the engine's socket": (
        "prometheus:/prometheus",
        "prometheus:/prometheus\n      - /var/run/docker.sock:/var/run/docker.sock:ro",
    ),
    "an image that moves": ("grafana/grafana:11.6.0", "grafana/grafana:latest"),
    "a network that leads outside": ("data: {internal: true}", "data: {}"),
    "a secret too many": ("secrets: [grafana_admin]", "secrets: [grafana_admin, jwt_key]"),
    "memory for more than there is": ("mem_limit: 512m", "mem_limit: 4g"),
}


def broken(text: str) -> list[str]:
    """What is wrong with it; a file that cannot be read is wrong, too."""
    try:
        return hardening.violations(plan.from_text(text))
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as exc:
        return [f"not a plan: {exc}"]


def test_every_service_keeps_every_rule():
    assert broken(TEXT) == []


def test_there_are_lines_to_remove():
    assert len(HARDENING) > 70


@pytest.mark.parametrize("number", HARDENING, ids=lambda n: f"{n + 1}-{LINES[n].strip()[:40]}")
def test_no_line_that_hardens_can_go(number: int):
    assert broken("".join(LINES[:number] + LINES[number + 1 :]))


@pytest.mark.parametrize("change", WEAKER.values(), ids=list(WEAKER))
def test_nothing_can_be_made_weaker(change: tuple[str, str]):
    before, after = change
    assert before in TEXT
    assert broken(TEXT.replace(before, after, 1))


def test_what_has_no_login_stays_on_loopback_wherever_the_rest_is_published():
    (port,) = yaml.safe_load(TEXT)["services"]["prometheus"]["ports"]
    assert port.startswith("127.0.0.1:")


def test_the_servers_are_set_as_in_the_native_mode(tmp_path: Path):
    services = yaml.safe_load(TEXT)["services"]
    native = Postgres(tmp_path, 5432, "secret").command()
    ours = {word.removeprefix("-c") for word in services["postgres"]["command"] if "=" in word}
    other = {"port", "listen_addresses", "unix_socket_directories"}  # the image's own
    theirs = {word.strip() for word in native if "=" in word}
    assert ours == {word for word in theirs if word.split("=")[0] not in other}
    native_redis = Redis(tmp_path, 6379, "secret")
    native_redis.prepare()
    same = ("appendonly", "appendfsync", "save", "maxmemory", "maxmemory-policy")
    words = iter(services["redis"]["command"][1:])
    flags = {name.removeprefix("--"): value for name, value in zip(words, words, strict=True)}
    lines = dict(line.split(" ", 1) for line in (tmp_path / "redis.conf").read_text().splitlines())
    assert {n: flags[n] for n in same} == {n: lines[n].strip('"') for n in same}


def test_the_images_bear_the_version_of_the_program():
    dockerfile = (ROOT / "deploy" / "images" / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"ARG VERSION=(\S+)", dockerfile) == [__version__]


def test_compose_and_the_dockerfile_name_the_images_of_the_lock():
    defaults = dict(re.findall(r"\$\{(CORESKILLS_\w+_IMAGE):-([^}]+)\}", TEXT))
    dockerfile = (ROOT / "deploy" / "images" / "Dockerfile").read_text(encoding="utf-8")
    bases = {f"CORESKILLS_{k}": v for k, v in re.findall(r"ARG (\w+_IMAGE)=(\S+)", dockerfile)}
    assert len(bases) == 2
    assert defaults == locked() == defaults | bases
