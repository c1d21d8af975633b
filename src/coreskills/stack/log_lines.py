"""A line of a service's log: ours are JSON, those of the servers say when they were written."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from coreskills.errors import Fault, Invalid
from coreskills.telemetry.redaction import redacted_text

LONG_AGO = datetime.min.replace(tzinfo=UTC)
_POSTGRES = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) UTC ")
_REDIS = re.compile(r"\d+:[A-Z] (\d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3}) ")
_AGO = re.compile(r"(\d+)([smhd])\Z")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Line:
    """`at`: when it was written; of a line that does not say it, when the one before it was."""

    service: str
    at: datetime
    text: str
    fields: dict[str, Any] = field(default_factory=dict)


def read(service: str, texts: Iterable[str], at: datetime = LONG_AGO) -> Iterator[Line]:
    """`at` is for lines before the first that says when it was written."""
    for text in texts:
        fields = _fields(text)
        at = _moment(text, fields) or at
        yield Line(service, at, text if fields else redacted_text(text), fields)


@dataclass
class Wanted:
    """Which lines to show: of one job, of one request, since a moment.

    The line that accepted a job, and others of its request, know no job; and what a worker says of
    a request's job may know no request. Each is found through the lines that know both.
    """

    job: int | None = None
    request: str | None = None
    since: datetime = LONG_AGO
    _same: set[object] = field(default_factory=set)  # requests of the job, or jobs of the request

    @property
    def everything(self) -> bool:
        return self.job is None and self.request is None and self.since == LONG_AGO

    def learn(self, line: Line) -> None:
        job, request = line.fields.get("job_id"), line.fields.get("request_id")
        if self.job is not None and job == self.job:
            self._same.add(request)
        if self.request is not None and request == self.request:
            self._same.add(job)
        self._same.discard(None)

    def takes(self, line: Line) -> bool:
        if line.at < self.since:
            return False
        job, request = line.fields.get("job_id"), line.fields.get("request_id")
        if self.job is not None and not (
            job == self.job or (job is None and request in self._same)
        ):
            return False
        return self.request is None or request == self.request or job in self._same


def ago(text: str) -> datetime:
    """The moment that lies so far back: 30s, 10m, 2h, 1d. Raises Invalid."""
    found = _AGO.match(text)
    if not found:
        fault = Fault("--since", "bad_duration", f"{text!r} is not like 30s, 10m, 2h or 1d")
        raise Invalid("Nobody knows how long ago that is", [fault])
    return datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])})


def _fields(text: str) -> dict[str, Any]:
    if not text.startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _moment(text: str, fields: dict[str, Any]) -> datetime | None:
    """The servers' own ways to write it; Redis uses the local time."""
    try:
        if "timestamp" in fields:
            return datetime.fromisoformat(fields["timestamp"])
        if found := _POSTGRES.match(text):
            return datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
        if found := _REDIS.match(text):
            return datetime.strptime(found[1], "%d %b %Y %H:%M:%S.%f").astimezone()
    except (TypeError, ValueError):
        return None
    return None
