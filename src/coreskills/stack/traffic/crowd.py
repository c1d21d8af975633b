"""A class at work: so many people at a time, each request when it is due, until time or Ctrl-C."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from coreskills.stack.traffic.deeds import DEEDS, Deed, School
from coreskills.stack.traffic.patterns import Pattern, moments
from coreskills.stack.traffic.tally import Tally

PEOPLE = 24  # who work at a time: a class, and about what an API of one machine takes
LATEST = 1.0  # seconds; what is due for longer is left out, so that nothing piles up
TELL_EVERY = 5.0


class Crowd:
    def __init__(
        self,
        school: School,
        pattern: Pattern,
        rate: float,
        seconds: float,
        deeds: Mapping[str, Deed] = DEEDS,
    ) -> None:
        self.tally = Tally()
        self.school = school
        self._deeds = deeds
        self._seconds = seconds
        self._due: Iterator[float] = moments(pattern, rate, seconds)
        self._names = list(pattern.mix)
        self._weights = list(itertools.accumulate(pattern.mix.values()))
        self._turn = threading.Lock()
        self._ending = threading.Event()

    def work(self, tell: Callable[[Tally], None]) -> bool:
        """Until the time is over; False when Ctrl-C came before. Tells the figures now and then."""
        self._began = time.monotonic()
        people = [threading.Thread(target=self._person, daemon=True) for _ in range(PEOPLE)]
        for person in people:
            person.start()
        try:
            while any(person.is_alive() for person in people):
                if self._ending.wait(self._until_told()):
                    break
                tell(self.tally)
            return True
        except KeyboardInterrupt:
            return False
        finally:
            self._ending.set()
            for person in people:
                person.join()

    def _until_told(self) -> float:
        return min(TELL_EVERY, max(0.1, self._began + self._seconds - time.monotonic()))

    def _person(self) -> None:
        while (due := self._next()) is not None:
            now = time.monotonic() - self._began
            if now - due > LATEST:
                self.tally.skip()
            elif not self._ending.wait(max(0.0, due - now)):
                self._act()

    def _next(self) -> float | None:
        with self._turn:
            return None if self._ending.is_set() else next(self._due, None)

    def _act(self) -> None:
        name = self.school.chance.choices(self._names, cum_weights=self._weights)[0]
        deed = self._deeds[name]
        began = time.perf_counter()
        reply = deed.do(self.school)
        spent = time.perf_counter() - began
        self.tally.note(name, reply, spent, expected=reply.status in deed.expects)
