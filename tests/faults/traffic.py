"""Clients that want students created while something is broken; every answer is kept.

    with Traffic(lab, rate=20) as traffic:
        lab.redis.pause()
        ...
    traffic.verify()

A request that got 503 or no answer is repeated under its Idempotency-Key, as README tells clients.
"""

import itertools
import threading
import time
from dataclasses import dataclass
from typing import Any

from tests.faults.caller import Answer, Caller, NoAnswer
from tests.faults.lab import Lab

NUMBERS = itertools.count(1)  # of one run of pytest: no two students are the same
NONE = 0  # the status of a request that got no answer
LONGEST_PAUSE = 1.0
SUMMARY = """SELECT j.id, j.status::text, extract(epoch FROM j.completed_at - j.created_at)::float,
       (SELECT count(*) FROM users u WHERE u.student_id = j.parameters->>'student_id'),
       (SELECT count(*) FROM audit_logs a WHERE a.job_id = j.id AND a.action = 'student.created'),
       (SELECT count(*) FROM jobs o WHERE o.parameters->>'student_id' = j.parameters->>'student_id')
  FROM jobs j WHERE j.id = ANY(%s)"""


def student() -> dict[str, Any]:
    return {
        "student_id": f"S9{next(NUMBERS):07d}",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "grade_level": 11,
        "graduation_year": 2028,
    }


@dataclass(frozen=True)
class Sample:
    """One request. `began` is of the monotonic clock."""

    method: str
    began: float
    seconds: float
    status: int
    retry_after: float | None

    @property
    def ended(self) -> float:
        return self.began + self.seconds

    @property
    def good(self) -> bool:
        return self.status in (200, 202)


class Traffic:
    """`rate` students a second from `clients` threads; with `reads`, as many lists, too."""

    def __init__(
        self,
        lab: Lab,
        *,
        rate: float = 20,
        clients: int = 4,
        reads: bool = False,
        port: int = 0,
        timeout: float = 20.0,
    ) -> None:
        self.samples: list[Sample] = []
        self.accepted: dict[str, set[int]] = {}  # key -> what the API said is its job
        self._lab = lab
        self._pause = clients / rate
        self._reads = reads
        self._port = port or lab.api.port
        self._timeout = timeout
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._client, args=[n], name=f"client-{n}", daemon=True)
            for n in range(clients)
        ]

    def __enter__(self) -> "Traffic":
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """What was begun is brought to its acceptance."""
        self._ending.set()
        for thread in self._threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self._threads), "a client got no answer"

    def verify(self) -> None:
        """Whatever was accepted, under whatever key, was done exactly once."""
        self._lab.settle()
        assert self.accepted, "nothing was accepted, so nothing was tested"
        assert [key for key, ids in self.accepted.items() if len(ids) != 1] == []
        ids = self.ids
        rows = self._lab.ask(SUMMARY, ids)
        assert len(rows) == len(ids)
        wrong = [row for row in rows if (row[1], *row[3:]) != ("completed", 1, 1, 1)]
        assert wrong == [], wrong[:5]
        self.ages = sorted(row[2] for row in rows)

    @property
    def ids(self) -> list[int]:
        return [id for ids in self.accepted.values() for id in ids]

    def age(self, part: float) -> float:
        """Seconds from acceptance to the end of a job, of which so great a part was quicker."""
        return float(self.ages[min(len(self.ages) - 1, int(part * len(self.ages)))])

    @property
    def statuses(self) -> set[int]:
        return {sample.status for sample in list(self.samples)}

    @property
    def slowest(self) -> float:
        return max(sample.seconds for sample in list(self.samples))

    def good_after(self, moment: float, method: str = "POST") -> float:
        """Seconds from then to the first good answer to a request of afterwards; 0: not yet."""
        ends = [
            sample.ended - moment
            for sample in list(self.samples)
            if sample.good and sample.began >= moment and sample.method == method
        ]
        return min(ends, default=0.0)

    def _client(self, number: int) -> None:
        with Caller(self._port, self._lab.token, self._timeout) as caller:
            due = self._began + number * self._pause / len(self._threads)
            while not self._ending.wait(max(0.0, due - time.monotonic())):
                due = max(due, time.monotonic() - self._pause) + self._pause
                self._submit(caller)
                if self._reads:
                    self._ask(caller, "GET", "/api/v1/users?limit=5")

    def _submit(self, caller: Caller) -> None:
        body = student()
        key = f"traffic-{body['student_id']}"
        for _ in range(200):
            answer = self._ask(caller, "POST", "/api/v1/students", body, key)
            if answer and answer.status == 202:
                self.accepted.setdefault(key, set()).add(int(answer.json()["job_id"]))
                return
            time.sleep(min(LONGEST_PAUSE, (answer and answer.retry_after) or 0.1))

    def _ask(
        self, caller: Caller, method: str, path: str, body: Any = None, key: str | None = None
    ) -> Answer | None:
        began = time.monotonic()
        try:
            answer = caller.get(path) if method == "GET" else caller.post(path, body, key)
        except NoAnswer:
            answer = None
        spent = time.monotonic() - began
        status = answer.status if answer else NONE
        after = answer.retry_after if answer else None
        self.samples.append(Sample(method, began, spent, status, after))
        return answer
