"""What a server says, asked in a thread of its own: whoever wants to know waits a bounded time."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Overdue

from prometheus_client.core import Metric

Ask = Callable[[], list[Metric]]


class Inquiry:
    """Asks once at a time, and again when what was found is `seconds` old. An answer that is
    overdue is `silence`, never what was found before; whoever comes meanwhile waits for the same
    answer."""

    def __init__(self, ask: Ask, silence: list[Metric], seconds: float) -> None:
        self._ask = ask
        self._silence = silence
        self._seconds = seconds
        self._turn = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="figures")
        self._answer: Future[list[Metric]] | None = None
        self._until = 0.0

    def begin(self) -> Future[list[Metric]]:
        """The answer that is new enough, or one that is to come; does not wait."""
        with self._turn:
            if self._answer is None or (self._answer.done() and time.monotonic() >= self._until):
                self._answer = self._thread.submit(self._found)
            return self._answer

    def told(self, answer: Future[list[Metric]], deadline: float) -> list[Metric]:
        """Waits until that moment of the monotonic clock at most."""
        try:
            return answer.result(max(0.0, deadline - time.monotonic()))
        except Overdue:
            return self._silence

    def _found(self) -> list[Metric]:
        try:
            return self._ask()
        finally:
            self._until = time.monotonic() + self._seconds
