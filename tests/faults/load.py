"""Clients that want work done and do not give up: the same key until there is an answer."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.faults.caller import Answer, Caller, NoAnswer
from tests.faults.ledger import Ledger
from tests.faults.work import Demand, demand

TWINS = 20  # of so many requests, one is sent twice at once
LONGEST_PAUSE = 1.0
TIMEOUT = 8.0


@dataclass
class Tally:
    """Every answer, and how long the good ones took. `refused`: what should not have been said."""

    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Load:
    """`rate` requests a second; what an outage held up is made up for afterwards."""

    def __init__(
        self, port: int, token: str, ledger: Ledger, *, seed: int, rate: float, clients: int = 12
    ) -> None:
        self.tally = Tally()
        self.ledger = ledger
        self._port = port
        self._token = token
        self._seed = seed
        self._rate = rate
        self._next = 0
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._given_up = threading.Event()
        self._threads = [
            threading.Thread(target=self._client, name=f"client-{n}", daemon=True)
            for n in range(clients)
        ]

    def start(self) -> None:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()

    def finish(self, seconds: float = 60) -> None:
        """Begin nothing new, and see what was begun to its acknowledgement."""
        self._ending.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._given_up.set()
        for thread in self._threads:
            thread.join(TIMEOUT + 2)

    def deliver(self, caller: Caller, key: str, wanted: Demand) -> int | None:
        """Until it is accepted; the job's id. None: refused for good, or the end of the run."""
        body = wanted.body if isinstance(wanted.body, str) else None
        began = time.monotonic()
        while not self._given_up.is_set():
            self.ledger.sent(key, wanted.kind, wanted.body)
            try:
                if body is None:
                    answer = caller.post(wanted.path, wanted.body, key)
                else:
                    kind = wanted.content_type
                    answer = caller.send(
                        "POST", wanted.path, body.encode(), key=key, content_type=kind
                    )
            except NoAnswer:
                self._count("no answer")
                self._given_up.wait(0.1)
                continue
            self._count(str(answer.status))
            if answer.status == 202:
                job_id = int(answer.json()["job_id"])
                self.ledger.acknowledged(key, job_id)
                self.tally.seconds.append(time.monotonic() - began)
                return job_id
            if not self._may_repeat(key, answer):
                return None
        return None

    def cancel(self, caller: Caller, key: str, job_id: int) -> None:
        """Until the API has said yes or no."""
        self.ledger.cancelled(key, promised=False)
        while not self._given_up.is_set():
            try:
                answer = caller.post(f"/api/v1/jobs/{job_id}/cancel")
            except NoAnswer:
                self._given_up.wait(0.1)
                continue
            self._count(f"cancel {answer.status}")
            if answer.status == 200:
                self.ledger.cancelled(key, promised=True)
            if answer.status in (200, 409) or not self._may_repeat(key, answer):
                return

    def caller(self) -> Caller:
        return Caller(self._port, self._token, TIMEOUT)

    def _may_repeat(self, key: str, answer: Answer) -> bool:
        """A 503 says when to come again; everything else should not have been said."""
        if answer.status == 503 and answer.retry_after is not None:
            self._given_up.wait(min(answer.retry_after, LONGEST_PAUSE))
            return True
        self.tally.refused.append(f"{key}: {answer.status} {answer.body[:300]!r}")
        return False

    def _client(self) -> None:
        with self.caller() as caller:
            while not self._ending.is_set():
                number = self._take()
                due = self._began + number / self._rate
                if self._ending.wait(max(0.0, due - time.monotonic())):
                    return
                wanted, key = demand(self._seed, number), f"key-{self._seed}-{number}"
                if number % TWINS == 0:
                    self._with_twin(caller, key, wanted)
                else:
                    self.deliver(caller, key, wanted)

    def _with_twin(self, caller: Caller, key: str, wanted: Demand) -> None:
        def again() -> None:
            with self.caller() as other:
                self.deliver(other, key, wanted)

        twin = threading.Thread(target=again, name=f"twin-{key}", daemon=True)
        twin.start()
        self.deliver(caller, key, wanted)
        twin.join()

    def _take(self) -> int:
        with self._lock:
            self._next += 1
            return self._next - 1

    def _count(self, what: str) -> None:
        with self._lock:
            self.tally.answers[what] += 1
