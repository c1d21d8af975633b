"""One keep-alive connection to an API that may be gone at any moment."""

import http.client
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body or b"{}")
        return found

    @property
    def retry_after(self) -> float | None:
        text = self.headers.get("retry-after")
        return float(text) if text else None


class NoAnswer(Exception):
    """Refused, reset, cut off or too slow. Whether the request took effect is unknown."""


class Caller:
    """For one thread. Opens its connection when needed, and again after every failure."""

    def __init__(self, port: int, token: str | None = None, timeout: float = 10.0) -> None:
        self._token = token
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def post(self, path: str, body: Any = None, key: str | None = None) -> Answer:
        return self.send("POST", path, json.dumps(body or {}).encode(), key=key)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        key: str | None = None,
        content_type: str = "application/json",
    ) -> Answer:
        """Raises NoAnswer."""
        headers = {"Content-Type": content_type} if body is not None else {}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if key:
            headers["Idempotency-Key"] = key
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, told, response.read())
        except (OSError, http.client.HTTPException) as exc:
            self._connection.close()
            raise NoAnswer(f"{method} {path}: {type(exc).__name__}: {exc}") from exc
