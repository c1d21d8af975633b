"""What Prometheus and Alertmanager are given, in both modes, is the same and is understood."""

import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from coreskills.stack.alertmanager import Alertmanager
from coreskills.stack.prometheus import PAGES, Prometheus
from tests.conftest import missing
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "observability" / "prometheus" / "prometheus.yml"
ROUTES = ROOT / "observability" / "alertmanager" / "alertmanager.yml"
TARGETS = {
    "api": ["127.0.0.1:5000"],
    "worker": ["127.0.0.1:9101", "127.0.0.1:9102"],
    "prometheus": ["127.0.0.1:9090"],
    "alertmanager": ["127.0.0.1:9093"],
}


def checked(*command: str | Path) -> str:
    program = shutil.which(command[0])
    if program is None:
        missing(str(command[0]))
    done = subprocess.run(
        [str(program), *map(str, command[1:])], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(params=["8h", "30d"])
def prometheus(request, tmp_path) -> Prometheus:
    made = Prometheus(tmp_path / "p", 9090, Path("/bin/prometheus"), TARGETS, request.param)
    made.prepare()
    return made


@pytest.fixture
def alertmanager(tmp_path) -> Alertmanager:
    made = Alertmanager(tmp_path / "a", 9093, Path("/bin/alertmanager"), 9095, "a-token")
    made.prepare()
    return made


def test_both_modes_tell_alertmanager_again_as_soon(prometheus):
    command = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["prometheus"][
        "command"
    ]
    told = {word for word in command if "resend-delay" in word}
    assert told == {word for word in prometheus.command() if "resend-delay" in word}
    assert len(told) == 1


def test_the_native_mode_asks_the_same_services_as_often_as_the_containers_do(prometheus):
    native, compose = prometheus.settings(), yaml.safe_load(COMPOSE.read_text())
    assert native["global"] == compose["global"]
    assert jobs(native) == jobs(compose) == set(TARGETS)
    assert native["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]


def jobs(settings: dict[str, Any]) -> set[str]:
    return {job["job_name"] for job in settings["scrape_configs"]}


def test_promtool_takes_the_configuration_of_both_modes_with_its_rules(prometheus):
    said = checked("promtool", "check", "config", prometheus.base / "prometheus.yml")
    assert "SUCCESS: 3 rule files found" in said
    assert "SUCCESS" in checked("promtool", "check", "config", COMPOSE)


def test_each_period_has_its_own_objectives(prometheus):
    rules = (prometheus.base / "rules" / "slo.yml").read_text()
    assert f"[{prometheus.period}]" in rules
    assert rules.count("alert:") >= 10


def test_another_period_leaves_nothing_of_the_one_before(prometheus, tmp_path):
    other = Prometheus(tmp_path / "p", 9090, Path("/bin/prometheus"), TARGETS, "30d")
    other.prepare()
    assert "[30d]" in (other.base / "rules" / "slo.yml").read_text()
    assert len(list((other.base / "rules").iterdir())) == 3


def test_amtool_takes_the_routes_of_both_modes(alertmanager):
    for path in (alertmanager.base / "alertmanager.yml", ROUTES):
        assert "SUCCESS" in checked("amtool", "check-config", path)


def test_the_native_routes_differ_in_the_address_and_the_token_of_the_receiver_only(alertmanager):
    native, compose = yaml.safe_load(alertmanager.routes()), yaml.safe_load(ROUTES.read_text())
    assert webhook(native).pop("url") == "http://127.0.0.1:9095/alerts"
    token = webhook(native).pop("http_config")["authorization"]["credentials_file"]
    assert Path(token).read_text() == "a-token"
    for name in ("url", "http_config"):
        assert webhook(compose).pop(name)
    assert native == compose


def webhook(routes: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = routes["receivers"][0]["webhook_configs"][0]
    return found


def test_the_token_is_nobody_elses_and_in_no_command(alertmanager):
    assert (alertmanager.base / "receiver_token").stat().st_mode & 0o777 == 0o600
    assert alertmanager.base.stat().st_mode & 0o777 == 0o700
    assert "a-token" not in " ".join(alertmanager.command())


def test_both_listen_on_loopback_only_and_forget_in_time(prometheus, alertmanager):
    assert "--web.listen-address=127.0.0.1:9090" in prometheus.command()
    assert "--storage.tsdb.retention.size=512MB" in prometheus.command()
    assert "--web.listen-address=127.0.0.1:9093" in alertmanager.command()
    assert "--cluster.listen-address=" in alertmanager.command()


def test_a_page_of_another_site_reads_nothing_of_prometheus_in_a_browser(tmp_path):
    program = shutil.which("prometheus")
    if program is None:
        missing("prometheus")
    made = Prometheus(tmp_path / "p", free_port(), Path(program), {})
    made.prepare()
    running = subprocess.Popen(made.command(), stderr=subprocess.DEVNULL)
    try:
        answer = asked(f"http://127.0.0.1:{made.port}/api/v1/query?query=1", "https://site.example")
    finally:
        running.kill()
        running.wait(timeout=10)
    assert answer.status == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


def asked(address: str, origin: str) -> Any:
    """The answer; the server may have begun a moment ago."""
    deadline = time.monotonic() + 20
    while True:
        try:
            request = urllib.request.Request(address, headers={"Origin": origin})
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_nor_of_the_one_in_a_container():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    assert f"--web.cors.origin={PAGES}" in compose["services"]["prometheus"]["command"]


def test_what_was_told_before_a_restart_is_told_anew_and_silences_stay(alertmanager):
    data = alertmanager.base / "data"
    data.mkdir()
    for name in ("nflog", "silences"):
        (data / name).touch()
    alertmanager.prepare()
    assert [path.name for path in data.iterdir()] == ["silences"]


def test_the_configuration_says_what_a_person_reads_in_it(prometheus):
    assert json.loads((prometheus.base / "prometheus.yml").read_text()) == prometheus.settings()
