"""Requests sent when they are due, whatever became of the ones before: an open loop in one thread.

A request that is due takes a connection that is free, or opens another one, up to a limit. Not
answered within its patience, it is given up and its connection is cut, as a person closes a page.
"""

import re
import selectors
import socket
import struct
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_JOB = re.compile(rb'"job_id": *(\d+)')
_CUT = struct.pack("ii", 1, 0)  # SO_LINGER: no TIME_WAIT, or a flood would use up the ports
GRAIN = 0.002  # seconds between two looks at the clock


@dataclass
class Tally:
    seconds: float
    sent: int = 0
    unsent: int = 0  # due, while every connection was waiting
    late: int = 0  # given up
    broken: int = 0  # refused or cut by the server
    statuses: Counter[int] = field(default_factory=Counter)
    accepted: list[int] = field(default_factory=list)  # ids of jobs, of answers after the end, too
    good_ms: list[float] = field(default_factory=list)  # of those accepted before the end

    @property
    def goodput(self) -> float:
        return len(self.good_ms) / self.seconds


@dataclass(eq=False)
class _Connection:
    socket: socket.socket
    request: bytes = b""
    due: float = 0.0
    received: bytes = b""
    connected: bool = False
    waiting: bool = False
    closed: bool = False


class Flood:
    def __init__(self, base: str, requests: list[bytes], *, patience: float, most: int) -> None:
        where = urlsplit(base)
        self._address = (str(where.hostname), where.port)
        self._requests: Iterator[bytes] = cycle(requests)
        self._patience = patience
        self._most = most

    def closed(self, connections: int, seconds: float) -> Tally:
        """So many callers, each sending its next request when it has the last answer."""

        def due(now: float, began: float, waiting: int) -> list[float]:
            return [now] * (connections - waiting)

        return self._run(due, seconds)

    def open(self, rate: float, seconds: float) -> Tally:
        """So many requests a second, come what may. They are timed from when they were due."""
        turns = 0

        def due(now: float, began: float, waiting: int) -> list[float]:
            nonlocal turns
            first, turns = turns, int((now - began) * rate)
            return [began + turn / rate for turn in range(first, turns)]

        return self._run(due, seconds)

    def _run(self, due: Callable[[float, float, int], list[float]], seconds: float) -> Tally:
        self._tally, self._selector = Tally(seconds), selectors.DefaultSelector()
        self._idle: list[_Connection] = []
        self._all: set[_Connection] = set()
        self._sent: deque[tuple[float, _Connection]] = deque()
        self._waiting = 0
        began = now = time.perf_counter()
        self._ends = began + seconds
        while now < self._ends or self._waiting:
            if now < self._ends:
                for moment in due(now, began, self._waiting):
                    self._send(moment)
            self._give_up(now)
            for key, mask in self._selector.select(GRAIN):
                self._attend(key.data, mask)
            now = time.perf_counter()
        for connection in list(self._all):
            self._close(connection)
        self._selector.close()
        return self._tally

    def _send(self, due: float) -> None:
        connection = self._free()
        if connection is None:
            self._tally.unsent += 1
            return
        connection.request, connection.due = next(self._requests), due
        connection.received, connection.waiting = b"", True
        self._sent.append((due, connection))
        self._tally.sent += 1
        self._waiting += 1
        if connection.connected:
            self._write(connection)

    def _free(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        return self._opened() if len(self._all) < self._most else None

    def _opened(self) -> _Connection:
        connection = _Connection(socket.socket())
        connection.socket.setblocking(False)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CUT)
        connection.socket.connect_ex(self._address)
        self._all.add(connection)
        events = selectors.EVENT_READ | selectors.EVENT_WRITE
        self._selector.register(connection.socket, events, connection)
        return connection

    def _attend(self, connection: _Connection, mask: int) -> None:
        if connection.closed:
            return
        if mask & selectors.EVENT_WRITE and not connection.connected:
            connection.connected = True
            self._selector.modify(connection.socket, selectors.EVENT_READ, connection)
            self._write(connection)
        elif mask & selectors.EVENT_READ:
            self._read(connection)

    def _write(self, connection: _Connection) -> None:
        try:
            connection.socket.send(connection.request)  # a few hundred bytes: they fit or it broke
        except OSError:
            self._break(connection)

    def _read(self, connection: _Connection) -> None:
        try:
            received = connection.socket.recv(65536)
        except OSError:
            received = b""
        if not received:
            self._break(connection)
            return
        connection.received += received
        head, _, body = connection.received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if length and len(body) >= int(length[1]):
            self._answered(connection, int(head[9:12]), body)

    def _answered(self, connection: _Connection, status: int, body: bytes) -> None:
        now = time.perf_counter()
        self._tally.statuses[status] += 1
        if status == 202 and (job := _JOB.search(body)):
            self._tally.accepted.append(int(job[1]))
            if now <= self._ends:
                self._tally.good_ms.append((now - connection.due) * 1000)
        connection.waiting = False
        self._waiting -= 1
        self._idle.append(connection)

    def _give_up(self, now: float) -> None:
        while self._sent and self._sent[0][0] < now - self._patience:
            due, connection = self._sent.popleft()
            if connection.waiting and connection.due == due:
                self._tally.late += 1
                self._close(connection)

    def _break(self, connection: _Connection) -> None:
        """The server may close an idle connection; one that waits for its answer is a failure."""
        if connection.waiting:
            self._tally.broken += 1
        self._close(connection)

    def _close(self, connection: _Connection) -> None:
        if connection.waiting:
            self._waiting -= 1
        connection.waiting, connection.closed = False, True
        self._selector.unregister(connection.socket)
        connection.socket.close()
        self._all.discard(connection)
