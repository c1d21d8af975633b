"""A TCP proxy that breaks the network between one program and one server, on command.

pass        what comes in goes out
refuse      nobody listens; connections that exist live on
drop        connections that exist are reset; new ones may come
black hole  everything is taken and nothing forwarded; nobody is told
strand      the same for the connections that exist; new ones may come
stall       everything is held back, and arrives late
delay       each piece, in each direction, takes so many seconds
cut         a request reaches the server, its answer never the client
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from tests.ports import free_port

PIECE = 65_536
AFTERTHOUGHT = 0.05  # seconds in which the server may finish what it began to answer


class Cut:
    """One connection that will be cut between a request and its answer."""

    def __init__(self, marker: bytes, until: bytes) -> None:
        self.marker = marker
        self.until = until
        self._happened = threading.Event()

    def happened(self) -> bool:
        return self._happened.is_set()

    def wait(self, seconds: float = 20) -> None:
        assert self._happened.wait(seconds), f"nothing like {self.marker!r} was sent in time"

    def done(self) -> None:
        self._happened.set()


class _Pair:
    """Two connections, one to each side."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.client = client
        self.server: asyncio.StreamWriter | None = None
        self.swallows = False
        self.lost = False
        self.cut: Cut | None = None

    def abort(self) -> None:
        for side in (self.client, self.server):
            if side:
                side.transport.abort()


class Proxy:
    """Listens on `port` from `start` to `close`; every mode may be changed at any time."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._pairs: set[_Pair] = set()
        self._delay = 0.0
        self._black_hole = False
        self._cuts: list[Cut] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._main, name=f"proxy-{target}", daemon=True)

    def start(self) -> "Proxy":
        self._thread.start()
        self._ready.wait()
        return self

    def close(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()

    def __enter__(self) -> "Proxy":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def connections(self) -> int:
        return len(self._pairs)

    def heal(self) -> None:
        """Pass everything again. A connection that has lost bytes is reset: it cannot go on."""

        async def act() -> None:
            self._black_hole, self._delay, self._cuts = False, 0.0, []
            self._flow.set()
            for pair in [pair for pair in self._pairs if pair.lost or pair.swallows]:
                pair.abort()
            await self._listen()

        self._do(act())

    def refuse(self) -> None:
        async def act() -> None:
            if self._listener:
                self._listener.close()
                self._listener = None

        self._do(act())

    def drop(self) -> None:
        async def act() -> None:
            for pair in list(self._pairs):
                pair.abort()

        self._do(act())

    def black_hole(self) -> None:
        async def act() -> None:
            self._black_hole = True

        self._do(act())

    def strand(self) -> None:
        async def act() -> None:
            for pair in self._pairs:
                pair.swallows = True

        self._do(act())

    def stall(self) -> None:
        async def act() -> None:
            self._flow.clear()

        self._do(act())

    def delay(self, seconds: float) -> None:
        async def act() -> None:
            self._delay = seconds

        self._do(act())

    def cut_acceptance(self) -> Cut:
        """Of the next job that the API accepts: one statement, which commits by itself."""
        return self.cut_before_reply(b".requested", b"queued")

    def cut_commit(self) -> Cut:
        """Of the next transaction."""
        return self.cut_before_reply(b"COMMIT", b"COMMIT")

    def cut_before_reply(self, marker: bytes, until: bytes = b"") -> Cut:
        """Of the next connection that sends `marker`.

        The server has answered with `until` in what it says, or with anything; none of its answer
        arrives, and both sides are reset.
        """
        cut = Cut(marker, until)

        async def act() -> None:
            self._cuts.append(cut)

        self._do(act())
        return cut

    def _do(self, act: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(act, self._loop).result(timeout=10)

    def _main(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._flow = asyncio.Event()
        self._flow.set()
        self._listener: asyncio.Server | None = None
        await self._listen()
        self._ready.set()
        await self._ended.wait()
        if self._listener:
            self._listener.close()
        for pair in list(self._pairs):
            pair.abort()
        self._flow.set()
        await asyncio.sleep(0.01)

    async def _listen(self) -> None:
        if self._listener is None:
            self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = _Pair(writer)
        self._pairs.add(pair)
        try:
            if self._black_hole:
                pair.lost = True
                while await reader.read(PIECE):
                    pass
                return
            await self._flow.wait()
            answers, pair.server = await asyncio.open_connection("127.0.0.1", self._target)
            await self._both_ways(pair, reader, answers)
        except OSError:
            pass  # either side is gone, and so is the other in a moment
        finally:
            pair.abort()
            self._pairs.discard(pair)

    async def _both_ways(
        self, pair: _Pair, requests: asyncio.StreamReader, answers: asyncio.StreamReader
    ) -> None:
        """Until one side closes; then what is under way is not waited for."""
        assert pair.server
        pumps = [
            asyncio.create_task(self._pump(pair, requests, pair.server, self._watched(pair))),
            asyncio.create_task(self._pump(pair, answers, pair.client, lambda data: None)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(
        self,
        pair: _Pair,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        watch: Callable[[bytes], None],
    ) -> None:
        while data := await source.read(PIECE):
            await self._flow.wait()
            if self._black_hole or pair.swallows or pair.lost:
                pair.lost = True
                continue
            if self._delay:
                await asyncio.sleep(self._delay)
            watch(data)
            if pair.cut and sink is pair.client:
                await self._swallow_answer(pair.cut, data, source)
                return
            sink.write(data)
            await sink.drain()
        if pair.lost and sink is pair.client:  # half-open: it is not told that the server left
            await asyncio.Event().wait()
        sink.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(sink.wait_closed(), 1.0)

    def _watched(self, pair: _Pair) -> Callable[[bytes], None]:
        """Notes a request that is to be cut, also one that comes in two pieces; but none that went
        through before."""
        before = b""

        def watch(data: bytes) -> None:
            nonlocal before
            for cut in self._cuts:
                begun = before[max(0, len(before) - len(cut.marker) + 1) :]
                if cut.marker in begun + data:
                    self._cuts.remove(cut)
                    pair.cut = cut
                    break
            before = (before + data)[-100:]

        return watch

    async def _swallow_answer(self, cut: Cut, data: bytes, source: asyncio.StreamReader) -> None:
        while cut.until not in data:
            more = await source.read(PIECE)
            if not more:
                return
            data += more
        await asyncio.sleep(AFTERTHOUGHT)
        cut.done()
