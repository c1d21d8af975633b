"""The ways to run an instance, and which of them it is to be."""

from typing import Any, Literal, Protocol, cast, get_args

from coreskills import config
from coreskills.engine.choice import Choice
from coreskills.errors import StackFailed
from coreskills.stack import compose, compose_preflight, native
from coreskills.stack.docker import Docker, Report
from coreskills.stack.home import Home
from coreskills.stack.native import Wishes
from coreskills.stack.state import ServiceState

Name = Literal["native", "compose"]
Wish = Literal["auto", "native", "compose"]


class Mode(Protocol):
    """What a mode can do: the modules stack/native.py and stack/compose.py."""

    def start(self, home: Home, wishes: Wishes, report: Report) -> bool: ...
    def stop(self, home: Home, report: Report) -> bool: ...
    def restart(self, home: Home, names: list[str], report: Report) -> list[str]: ...
    def erase(self, home: Home) -> None: ...
    def status(self, home: Home) -> list[ServiceState]: ...
    def trouble(self, home: Home) -> StackFailed | None: ...
    def facts(self, home: Home) -> dict[str, Any]: ...
    def engine_of(self, home: Home) -> Choice: ...
    def resident_mebibytes(self, home: Home) -> float: ...


MODES: dict[Name, Mode] = {"native": native, "compose": compose}


def of(home: Home) -> Mode:
    """The one it was made with."""
    return MODES[home.instance().get("mode", "native")]


def wished(given: Wish | None) -> Wish:
    """What the command line says, else CORESKILLS_MODE, else `auto`."""
    wish = given or config.load_operation().mode
    found = next((name for name in get_args(Wish) if name == wish), None)
    if found is None:
        raise StackFailed(
            f"There is no mode {wish!r}",
            check="mode.name",
            fix="CORESKILLS_MODE=native, compose or auto",
            exit_code=2,
        )
    return cast(Wish, found)


def choose(home: Home, wish: Wish, docker: Docker | None, report: Report) -> Name:
    """Says which, and why. An instance keeps the mode it was made with.

    By itself it chooses containers where an engine answers and their images can be had, which is
    found out by fetching them. Raises StackFailed when an instance was made with another mode.
    """
    kept: Name | None = home.instance().get("mode")
    if kept and wish not in ("auto", kept):
        raise StackFailed(
            f"The instance in {home.path} was made with --mode {kept}; its data is there",
            check="mode.kept",
            fix=f"--mode {kept}, another --home, or coreskills reset",
            exit_code=5,
        )
    if kept:
        report(f"mode: {kept} (as this instance was made)")
        return kept
    if wish != "auto":
        report(f"mode: {wish}")
        return wish
    why = compose_preflight.obstacle(docker)
    if docker is not None and not why:
        try:
            compose.obtain(home, docker, report)
        except StackFailed as exc:
            why = exc.message
    name: Name = "native" if why else "compose"
    report(f"mode: {name} (chosen by itself: {why or 'a Docker engine answers'})")
    return name
