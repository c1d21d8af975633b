"""The programs that observe an instance, and without which it does its work all the same.

Prometheus asks, Alertmanager tells, and the receiver keeps what it is told. Imported by the
supervisor: what finds and installs them is in monitoring.py and tools.py.
"""

from pathlib import Path
from typing import Any

from coreskills.stack.account import Account
from coreskills.stack.alertmanager import Alertmanager
from coreskills.stack.home import Home
from coreskills.stack.prometheus import Prometheus

OBSERVERS = ("prometheus", "receiver", "alertmanager")


def names(choice: dict[str, str]) -> list[str]:
    """The services that run, in the order they start. Alerts without Prometheus there are none."""
    if not choice.get("prometheus"):
        return []
    return ["prometheus", *(["receiver", "alertmanager"] if choice["alertmanager"] else [])]


def urls(instance: dict[str, Any]) -> dict[str, str]:
    """What a person can open."""
    pages = [
        n for n in names(instance.get("monitoring", {})) if n in ("prometheus", "alertmanager")
    ]
    return {name: f"http://127.0.0.1:{instance['ports'][name]}" for name in pages}


def prometheus_of(home: Home, account: Account | None) -> Prometheus:
    instance = home.instance()
    ports, choice = instance["ports"], instance["monitoring"]
    jobs: dict[str, list[str]] = {"api": [], "worker": [], "prometheus": [], "alertmanager": []}
    for name, port in ports.items():
        if (job := name.split("-")[0]) in jobs:
            jobs[job].append(f"127.0.0.1:{port}")
    return Prometheus(
        home.server_folder(account) / "prometheus",
        ports["prometheus"],
        Path(choice["prometheus"]),
        {name: targets for name, targets in jobs.items() if targets},
        choice["period"],
        account,
    )


def alertmanager_of(home: Home, account: Account | None) -> Alertmanager:
    instance = home.instance()
    return Alertmanager(
        home.server_folder(account) / "alertmanager",
        instance["ports"]["alertmanager"],
        Path(instance["monitoring"]["alertmanager"]),
        instance["ports"]["receiver"],
        home.secret("receiver_token"),
        account,
    )


def prepare(home: Home, account: Account | None) -> None:
    wanted = names(home.instance()["monitoring"])
    if "prometheus" in wanted:
        prometheus_of(home, account).prepare()
    if "alertmanager" in wanted:
        alertmanager_of(home, account).prepare()
