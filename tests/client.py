"""A test client that speaks as somebody."""

from dataclasses import dataclass
from typing import Any

from apiflask import APIFlask
from werkzeug.test import TestResponse


@dataclass(frozen=True)
class Client:
    app: APIFlask
    tokens: dict[str, str]
    name: str | None

    def as_(self, name: str | None) -> "Client":
        """The same API to somebody else; None sends no token."""
        return Client(self.app, self.tokens, name)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> TestResponse:
        return self.request("POST", path, **more)

    def put(self, path: str, **more: Any) -> TestResponse:
        return self.request("PUT", path, **more)

    def patch(self, path: str, **more: Any) -> TestResponse:
        return self.request("PATCH", path, **more)

    def delete(self, path: str, **more: Any) -> TestResponse:
        return self.request("DELETE", path, **more)

    def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
    ) -> TestResponse:
        sent = dict(headers or {})
        if self.name is not None:
            sent.setdefault("Authorization", f"Bearer {self.tokens[self.name]}")
        return self.app.test_client().open(path, method=method, headers=sent, **more)
