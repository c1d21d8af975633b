from typing import Any, Protocol


class Engine(Protocol):
    @property
    def name(self) -> str:
        """Kept with every job's result, so that nobody mistakes one engine for another."""

    @property
    def version(self) -> str:
        """Of what executes the commands; empty before it is known."""

    def invoke(
        self, command: str, parameters: dict[str, Any], context: dict[str, Any], deadline: float
    ) -> dict[str, Any]:
        """Run one KISDIdentity command; `context` are the facts it may rely on.

        `deadline` in seconds. Raises EngineFailed; `permanent` says whether a retry is of use.
        """

    def close(self) -> None:
        """Give back what it holds; it may be used again afterwards."""
