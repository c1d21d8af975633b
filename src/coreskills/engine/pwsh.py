"""The engine that is PowerShell: one lasting process of host.ps1, supervised.

A host that breaks the protocol, ends or does not answer is killed and replaced. Commands change
nothing, so a broken protocol is tried once more at once; everything else is the queue's to retry.
"""

import shutil
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import structlog

from coreskills import config
from coreskills.engine.frames import PROTOCOL, Frame
from coreskills.engine.host import Babble, Ended, Host, HostFailed, Quarantine, TooLate, TooLong
from coreskills.errors import EngineFailed
from coreskills.telemetry import work

log = structlog.get_logger("engine")
_QUIET = {
    "POWERSHELL_TELEMETRY_OPTOUT": "1",
    "POWERSHELL_UPDATECHECK": "Off",
    "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
    "NO_COLOR": "1",
    "TERM": "dumb",
    "LANG": "C.UTF-8",
}
_PASSING = frozenset({"internal_error"})  # refusals of the host that may pass by themselves


@dataclass(frozen=True)
class Limits:
    """When a host is given up, and when it is replaced though it is well."""

    hello_seconds: float = 15.0
    calls: int = 500
    age_seconds: float = 3600.0
    resident_bytes: int = 400 << 20


class PwshEngine:
    name = "pwsh"

    def __init__(self, command: list[str], limits: Limits = Limits()) -> None:
        self._command = command
        self._limits = limits
        self._host: Host | None = None
        self._folder: Path | None = None
        self._ids = count(1)
        self._lock = threading.Lock()
        self.version = ""
        self.quarantine = Quarantine()
        self.counts: Counter[str] = Counter()  # started, recycled, and every failure by its code

    def invoke(
        self, command: str, parameters: dict[str, Any], context: dict[str, Any], deadline: float
    ) -> dict[str, Any]:
        request = {
            "type": "invoke",
            "command": command,
            "params": parameters,
            "context": context,
            "what_if": False,
            "deadline_ms": int(deadline * 1000),
        }
        with self._lock:
            until = time.monotonic() + deadline
            try:
                return self._answer(request, until)
            except Babble as exc:
                log.warning("engine_protocol", why=str(exc))
                self._failed("engine_protocol")
            try:
                return self._answer(request, until)
            except Babble as exc:
                self._failed("engine_protocol")
                raise _failure(
                    "engine_protocol", f"The host broke the protocol twice: {exc}", permanent=True
                ) from exc

    def probe(self) -> str:
        """The version it says; starts it if need be. Raises EngineFailed `engine_unavailable`."""
        with self._lock:
            self._running(time.monotonic() + self._limits.hello_seconds)
        return self.version

    def close(self) -> None:
        with self._lock:
            if self._host:
                self._host.retire()
            self._host = None
            if self._folder:
                shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _answer(self, request: Frame, until: float) -> dict[str, Any]:
        """Raises Babble; every other failure as EngineFailed, with the host already replaced."""
        host = self._running(until)
        request = request | {"id": str(next(self._ids))}
        try:
            host.send(request, until)
            result = self._result(host, request["id"], until)
        except TooLong as exc:
            raise _failure("request_too_large", str(exc), permanent=True) from None
        except TooLate:
            self._failed("engine_timeout")
            raise _failure("engine_timeout", f"{request['command']} took too long") from None
        except Ended:
            self._failed("engine_crashed")
            raise _failure("engine_crashed", "The host ended during a command") from None
        host.calls += 1
        self._recycle(host, result)
        return _output(result)

    def _result(self, host: Host, id: str, until: float) -> Frame:
        while True:
            frame = host.receive(until)
            kind = frame["type"]
            if kind == "log":
                log.debug("engine_log", text=str(frame.get("text"))[:500])
                continue
            if kind not in ("accepted", "result") or frame.get("id") != id:
                raise Babble(f"{kind} for {frame.get('id')!r} instead of {id}")
            if kind == "result":
                return _checked(frame)

    def _running(self, until: float) -> Host:
        if self._host and not self._host.alive:
            self._failed("ended_idle")  # nobody's fault who comes now
        if self._host is None:
            self._host = self._started(until)
        return self._host

    def _started(self, until: float) -> Host:
        try:
            host = Host(self._command, self._environment(), self.quarantine)
        except OSError as exc:
            self._count("engine_unavailable")
            raise _failure("engine_unavailable", f"{self._command[0]}: {exc.strerror}") from exc
        try:
            hello = host.receive(min(until, host.born + self._limits.hello_seconds))
            if hello["type"] != "hello" or hello.get("protocol") != PROTOCOL:
                raise Babble(f"no hello of protocol {PROTOCOL}")
        except HostFailed as exc:
            host.kill()
            self._count("engine_unavailable")
            why = {TooLate: "it said no hello in time", Ended: "it ended at once"}.get(
                type(exc), str(exc)
            )
            raise _failure("engine_unavailable", f"The host does not start: {why}") from exc
        host.hello = hello
        self.counts["started"] += 1
        self.version = str(hello.get("pwsh", ""))
        log.info(
            "engine_started", pid=host.pid, pwsh=self.version, module=hello.get("module_version")
        )
        return host

    def _environment(self) -> dict[str, str]:
        """Nothing of the user's; a home of its own, for pwsh writes caches there."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="coreskills-pwsh-"))
        return config.inherited() | _QUIET | {"HOME": str(self._folder)}

    def _recycle(self, host: Host, result: Frame) -> None:
        rss = result.get("rss", 0)
        old = time.monotonic() - host.born > self._limits.age_seconds
        fat = isinstance(rss, int) and rss > self._limits.resident_bytes
        if host.calls >= self._limits.calls or old or fat:
            self._count("recycled")
            self._host = None
            host.retire()

    def _count(self, reason: str) -> None:
        self.counts[reason] += 1
        work.restarted(reason)

    def _failed(self, code: str) -> None:
        self._count(code)
        if self._host:
            self._host.kill()
        self._host = None


def _checked(frame: Frame) -> Frame:
    if frame.get("ok") is True and isinstance(frame.get("output"), dict):
        return frame
    error = frame.get("error")
    if frame.get("ok") is False and isinstance(error, dict) and isinstance(error.get("code"), str):
        return frame
    raise Babble("a result without output or error")


def _output(result: Frame) -> dict[str, Any]:
    if result["ok"]:
        output: dict[str, Any] = result["output"]
        return output
    error = result["error"]
    permanent = error["code"] not in _PASSING
    raise _failure(error["code"], str(error.get("message", "")), permanent=permanent)


def _failure(code: str, message: str, *, permanent: bool = False) -> EngineFailed:
    return EngineFailed(message, permanent=permanent, code=code)
