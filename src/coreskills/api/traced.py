"""The span of a request, around everything that happens to it: waiting for a place included."""

from collections.abc import Callable, Iterable
from typing import Any

from coreskills.telemetry import traces

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
PROBED = ("/health", "/metrics")  # several times a minute, by programs


class Traced:
    """What a request was, the code that answers it tells; a body that is sent piece by piece is
    sent after the span has ended."""

    def __init__(self, app: Wsgi) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(PROBED):
            return self._app(environ, start_response)
        with traces.request(environ["REQUEST_METHOD"], environ.get("HTTP_TRACEPARENT")):
            return self._app(environ, start_response)
