"""The programs of ours that a laboratory runs: the API and the workers, with their proxies."""

import os
import signal
from dataclasses import dataclass
from typing import Any

from tests.faults.caller import Caller, NoAnswer
from tests.faults.programs import Command, Fork, until
from tests.faults.proxy import Proxy


@dataclass(frozen=True)
class Links:
    """The proxies of one program; None where it is connected directly."""

    postgres: Proxy | None = None
    redis: Proxy | None = None

    def each(self) -> list[Proxy]:
        return [proxy for proxy in (self.postgres, self.redis) if proxy]


class Api(Command):
    """granian and its processes."""

    def __init__(self, port: int, links: Links, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.port = port
        self.links = links

    def start(self, seconds: float = 30) -> None:
        """Until it answers anything at all; its servers may be down."""
        super().start()
        until(self.answers, seconds)

    def answers(self) -> bool:
        assert self.alive, f"the API ended with {self.exit_code}:\n{self.text()[-3000:]}"
        try:
            with Caller(self.port, timeout=5) as caller:
                return caller.get("/healthz").status > 0
        except NoAnswer:
            return False

    def kill_child(self, number: int = 0) -> int:
        """One of granian's processes, which granian replaces. Returns its pid."""
        children = self.children()
        pid = children[number % len(children)]
        os.kill(pid, signal.SIGKILL)
        return pid


class WorkerProcess(Fork):
    def __init__(self, links: Links, *args: Any) -> None:
        super().__init__(*args)
        self.links = links
