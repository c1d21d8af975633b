"""The profiles `logs` and `tracing`: what they bring keeps the rules of compose.yaml, and they
change nothing else. They were not run: the images of Loki, Alloy and Jaeger cannot be had where we
build."""

import re
from pathlib import Path

import pytest
import yaml

from tests.compose import hardening, plan

ROOT = Path(__file__).parents[2]
MAIN = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
BROUGHT = {"tracing": {"jaeger"}, "logs": {"alloy", "loki"}}
CHANGED = {"image", "build", "environment", "volumes", "logging"}
WEAKER = {
    "root": ('user: "10001:10001"', ""),
    "a disk that can be written": ("read_only: true", ""),
    "capabilities": ("cap_drop: [ALL]", ""),
    "privileges": ('security_opt: ["no-new-privileges:true"]', ""),
    "memory": ("mem_limit", "x_limit"),
    "an image that moves": (":2.6.0", ":latest"),
    "the whole network": ("127.0.0.1:${CORESKILLS_JAEGER_PORT", "${CORESKILLS_JAEGER_PORT"),
}


class Loader(yaml.SafeLoader):
    """Knows `!override` of Compose, which says that a value replaces another one."""


Loader.add_constructor("!override", lambda loader, node: loader.construct_mapping(node, deep=True))


def text_of(profile: str) -> str:
    path = ROOT / "observability" / profile / "compose.yaml"
    return path.read_text(encoding="utf-8")


def document(text: str) -> plan.Row:
    return yaml.load(plan._with_defaults(text), Loader)


def violations(text: str, profile: str) -> list[str]:
    """Of the rules that hold for a container wherever it comes from."""
    found = []
    for name in BROUGHT[profile]:
        body = dict(document(text)["services"][name])
        assert body.pop("profiles", None) == [profile]
        service = plan._service(body)
        rules = (hardening._process, hardening._limits, hardening._host)
        found += [f"{name}: {what}" for rule in rules for what in rule(service)]
        found += [f"{name}: published"] * bool(service.published_on - {"127.0.0.1"})
        if not re.search(r":v?\d[\w.]*$", service.image):
            found.append(f"{name}: its image may become another one")
    return found


@pytest.mark.parametrize("profile", BROUGHT)
def test_what_a_profile_brings_keeps_the_rules(profile: str):
    assert violations(text_of(profile), profile) == []


@pytest.mark.parametrize("change", WEAKER.values(), ids=list(WEAKER))
def test_nothing_of_it_can_be_made_weaker(change: tuple[str, str]):
    before, after = change
    text = text_of("tracing")
    assert before in text
    assert violations(text.replace(before, after), "tracing")


@pytest.mark.parametrize("profile", BROUGHT)
def test_a_profile_changes_of_the_others_only_what_it_must(profile: str):
    services = document(text_of(profile))["services"]
    others = {name: body for name, body in services.items() if name not in BROUGHT[profile]}
    assert others.keys() <= MAIN["services"].keys()
    assert all(body.keys() <= CHANGED for body in others.values())


@pytest.mark.parametrize("profile", BROUGHT)
def test_every_file_that_it_mounts_is_here_and_cannot_be_written(profile: str):
    for body in document(text_of(profile))["services"].values():
        for source, _, *mode in (entry.split(":") for entry in body.get("volumes", [])):
            if source.startswith("."):
                assert (ROOT / source).is_file()
                assert mode == ["ro"]


@pytest.mark.parametrize("profile", BROUGHT)
def test_what_it_brings_has_no_login_and_stays_on_loopback_wherever_the_rest_is(profile: str):
    services = document(text_of(profile))["services"]
    assert "CORESKILLS_BIND" not in text_of(profile)
    for name in BROUGHT[profile]:
        assert all(port.startswith("127.0.0.1:") for port in services[name].get("ports", []))


def test_spans_go_where_jaeger_listens():
    services = document(text_of("tracing"))["services"]
    for name in ("api", "worker"):
        assert services[name]["environment"] == {
            "CORESKILLS_TRACING": "true",
            "CORESKILLS_OTLP_ENDPOINT": "http://jaeger:4318",
        }
        shared = set(services["jaeger"]["networks"]) & set(MAIN["services"][name]["networks"])
        assert shared


def test_the_images_with_the_optional_part_are_made_of_its_lock():
    dockerfile = (ROOT / "deploy" / "images" / "Dockerfile").read_text(encoding="utf-8")
    services = document(text_of("tracing"))["services"]
    for name in ("api", "worker"):
        assert f"FROM {name} AS {services[name]['build']['target']}\n" in dockerfile
    assert "-r requirements-tracing.lock" in dockerfile
    assert "!requirements-tracing.lock" in (ROOT / ".dockerignore").read_text(encoding="utf-8")


def test_lines_go_where_alloy_listens_and_from_there_to_loki():
    services = document(text_of("logs"))["services"]
    port = services["api"]["logging"]["options"]["syslog-address"].rpartition(":")[2]
    assert services["alloy"]["ports"] == [f"127.0.0.1:{port}:1514/udp"]
    config = (ROOT / "observability" / "logs" / "config.alloy").read_text(encoding="utf-8")
    loki = yaml.safe_load((ROOT / "observability" / "logs" / "loki.yaml").read_text())
    assert '"0.0.0.0:1514"' in config
    assert f"http://loki:{loki['server']['http_listen_port']}/loki/api/v1/push" in config
