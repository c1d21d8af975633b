"""Does to the laboratory what the schedule says, and starts again what has died of it."""

import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable

from tests.faults.breakage import API_POINTS, WORKER_POINTS, Breakage
from tests.faults.caller import Caller
from tests.faults.lab import Lab
from tests.faults.load import Load
from tests.faults.programs import Program
from tests.faults.schedule import LANES, Fault
from tests.faults.work import Demand, student

STORM = 12  # jobs that are cancelled the moment they are accepted


class Keeper(threading.Thread):
    """Starts one program again whenever it has ended, as the supervisor does."""

    def __init__(self, program: Program) -> None:
        super().__init__(name=f"keeper-{program.name}", daemon=True)
        self.error: BaseException | None = None
        self._program = program
        self._ending = threading.Event()

    def run(self) -> None:
        try:
            while not self._ending.wait(0.05):
                if not self._program.alive:
                    self._program.revive()
        except BaseException as exc:  # of a thread: whoever waits for it looks here
            self.error = exc
            raise

    def finish(self) -> None:
        self._ending.set()
        self.join()


class Injector:
    """One thread for each lane: what overlaps there waits for its turn, and nothing is skipped."""

    def __init__(self, lab: Lab, load: Load, faults: list[Fault], seed: int) -> None:
        self.done: Counter[str] = Counter()
        self.errors: list[BaseException] = []
        self.breakage = Breakage(lab)
        self._lab = lab
        self._load = load
        self._seed = seed
        self._storms = 0
        self._lanes: dict[str, queue.Queue[Fault | None]] = {lane: queue.Queue() for lane in LANES}
        self._threads = [
            threading.Thread(target=self._lane, args=[lane], name=f"faults-{lane}", daemon=True)
            for lane in LANES
        ]
        for fault in faults:
            self._lanes[fault.lane].put(fault)
        for lane in self._lanes.values():
            lane.put(None)

    def start(self) -> None:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Until the last fault is over; raises what went wrong in the injector itself."""
        for thread in self._threads:
            thread.join()
        if self.errors:
            raise self.errors[0]
        for point in (*WORKER_POINTS, *API_POINTS):
            self._lab.disarm(point)
        for proxy in self._lab.proxies:
            proxy.heal()

    def _lane(self, lane: str) -> None:
        try:
            while fault := self._lanes[lane].get():
                time.sleep(max(0.0, self._began + fault.at - time.monotonic()))
                if fault.kind == "cancel_storm":
                    self._cancel_storm()
                else:
                    act: Callable[[Fault], None] = getattr(self.breakage, fault.kind)
                    act(fault)
                self.done[fault.kind] += 1
        except BaseException as exc:  # of a thread: whoever waits for it looks here
            self.errors.append(exc)
            raise

    def deliver(self, name: str, how_many: int) -> list[int]:
        """Students beside the load; the ids of their jobs."""
        with self._load.caller() as caller:
            found = [self._one(caller, name, number) for number in range(how_many)]
        return [job_id for _, job_id in found if job_id]

    def _cancel_storm(self) -> None:
        self._storms += 1
        with self._load.caller() as caller:
            for each in range(STORM):
                key, job_id = self._one(caller, "storm", self._storms * STORM + each)
                if job_id:
                    self._load.cancel(caller, key, job_id)

    def _one(self, caller: Caller, name: str, number: int) -> tuple[str, int | None]:
        body = student(random.Random(f"{self._seed}/{name}/{number}"), number)
        body["student_id"] = f"{name}-{body['student_id']}"
        key = f"{name}-{self._seed}-{number}"
        wanted = Demand("student", "/api/v1/students", body)
        return key, self._load.deliver(caller, key, wanted)
