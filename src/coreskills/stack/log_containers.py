"""The logs of the container mode, which the engine keeps: as lines of the same kind as LogFiles."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from coreskills.errors import StackFailed
from coreskills.stack import log_lines
from coreskills.stack.log_lines import Line
from coreskills.stack.project import Project


class LogContainers:
    """Of one service or of all. Raises StackFailed for a service that has no container."""

    def __init__(self, project: Project, names: list[str], service: str | None) -> None:
        self._project = project
        self._service = service.split("-")[0] if service else None
        services = {name.split("-")[0] for name in names}
        if self._service and self._service not in services:
            raise StackFailed(
                f"There is no log of {service}",
                check="logs.service",
                fix=f"one of: {', '.join(names) or 'none yet'}",
            )

    def last(self, count: int) -> list[Line]:
        """So many of each service, in the order in which they were written."""
        return self._read("--tail", str(count))

    def all(self) -> list[Line]:
        return self._read()

    def following(self) -> Iterator[Line]:
        """What is written from now on. Until the containers end."""
        for text in self._project.docker.lines(self._words("--follow", "--tail", "0")):
            name, line = _parts(text)
            yield from log_lines.read(name, [line], datetime.now(UTC))

    def _read(self, *options: str) -> list[Line]:
        return _in_order(map(_parts, self._project.docker.lines(self._words(*options))))

    def _words(self, *options: str) -> list[str]:
        service = [self._service] if self._service else []
        return self._project.words("logs", "--no-color", *options, *service)


def _parts(text: str) -> tuple[str, str]:
    name, _, line = text.rstrip("\r\n").partition("| ")
    return name.strip().rsplit("-", 1)[0], line


def _in_order(parts: Iterable[tuple[str, str]]) -> list[Line]:
    """Each service is read by itself: a line that says no time has that of the line before."""
    texts: dict[str, list[str]] = {}
    for name, text in parts:
        texts.setdefault(name, []).append(text)
    found = [line for name, written in texts.items() for line in log_lines.read(name, written)]
    return sorted(found, key=lambda line: line.at)
