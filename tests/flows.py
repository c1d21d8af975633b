"""Bodies that are made while they are read, so that their size costs the test no memory."""

import io
from collections.abc import Iterable
from typing import Any


class Flow(io.RawIOBase):
    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""
        self.given = 0  # bytes handed out so far

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._chunks, b"")
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        self.given += len(part)
        return len(part)


def flowing(flow: Flow, size: int | None = None) -> dict[str, Any]:
    """Arguments of a request with that body, of known size or in chunks."""
    if size is not None:
        return {"environ_overrides": {"wsgi.input": flow, "CONTENT_LENGTH": str(size)}}
    return {
        "headers": {"Transfer-Encoding": "chunked"},
        "environ_overrides": {"wsgi.input": flow, "wsgi.input_terminated": True},
    }
