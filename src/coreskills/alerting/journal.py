"""The alerts that were heard, as lines of a file: no outage of PostgreSQL or the API loses one.

Each notification is a line, on the disk before it is acknowledged. What holds now is the newest
line of each alert, and an alert is a fingerprint and the moment it began: told twice, it is one.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from coreskills.errors import Fault, Invalid

LARGEST = 1 << 20  # bytes; then only the newest line of each alert is kept
KEPT = 500  # alerts, the ones that fire first
LONGEST, MOST = 500, 20  # characters of a text; labels of an alert, and annotations
# Alertmanager tells every 5 minutes again what still fires (observability/alertmanager).
UNHEARD_AFTER = timedelta(minutes=15)
WATCHDOG = "Watchdog"
State = Literal["firing", "resolved", "unheard"]


@dataclass(frozen=True, slots=True)
class Alert:
    """`heard_at` is by our clock, the two others by that of Prometheus."""

    fingerprint: str
    status: Literal["firing", "resolved"]
    starts_at: str
    ends_at: str | None
    heard_at: str
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")

    @property
    def key(self) -> tuple[str, str]:
        return self.fingerprint, self.starts_at

    def state(self, now: datetime, since: datetime | None = None) -> State:
        """`unheard`: it fired, and neither that nor its end was told again in time, or by the
        Alertmanager that runs `since` then: what fires is told anew after its start."""
        late = now - self.heard > UNHEARD_AFTER or (since is not None and self.heard < since)
        return "unheard" if self.status == "firing" and late else self.status

    @property
    def heard(self) -> datetime:
        return datetime.fromisoformat(self.heard_at)


def received(body: Any, now: datetime) -> list[Alert]:
    """What a webhook of Alertmanager holds. Raises Invalid for what is no such thing."""
    try:
        return [_alert(sent, now) for sent in body["alerts"]]
    except (KeyError, TypeError, AttributeError, ValueError) as exc:
        fault = Fault("/alerts", "bad_webhook", f"{type(exc).__name__}: {exc}")
        raise Invalid("This is no webhook of Alertmanager", [fault]) from exc


def _alert(sent: dict[str, Any], now: datetime) -> Alert:
    if sent["status"] not in ("firing", "resolved"):
        raise ValueError("status is neither firing nor resolved")
    for moment in ("startsAt", "endsAt") if sent["status"] == "resolved" else ("startsAt",):
        datetime.fromisoformat(sent[moment])
    return Alert(
        fingerprint=str(sent["fingerprint"])[:LONGEST],
        status=sent["status"],
        starts_at=str(sent["startsAt"]),
        ends_at=str(sent["endsAt"]) if sent["status"] == "resolved" else None,
        heard_at=now.isoformat(),
        labels=_texts(sent["labels"]),
        annotations=_texts(sent.get("annotations") or {}),
    )


def _texts(found: dict[Any, Any]) -> dict[str, str]:
    return {str(n)[:LONGEST]: str(v)[:LONGEST] for n, v in islice(found.items(), MOST)}


def read(path: Path) -> list[Alert]:
    """Every alert as it was heard of last, the newest first. A torn line is passed over."""
    try:
        return parsed(path.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return []


def parsed(text: str) -> list[Alert]:
    """The same of what such a file holds."""
    return _newest(_lines(text))


def told(alert: Alert, now: datetime, since: datetime | None = None) -> dict[str, Any]:
    """An alert as people and programs are shown it."""
    return {
        "name": alert.name,
        "state": alert.state(now, since),
        "severity": alert.labels.get("severity", ""),
        "summary": alert.annotations.get("summary", ""),
        "began_at": alert.starts_at,
        "ended_at": alert.ends_at,
        "heard_at": alert.heard_at,
        "runbook": alert.annotations.get("runbook_url", ""),
        "labels": alert.labels,
    }


class Journal:
    """The one writer. Not for two threads at once."""

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        self._path = path
        self._largest = largest
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._end_torn_line()

    def add(self, alerts: Iterable[Alert]) -> None:
        """On the disk when this returns. Raises OSError, and then nothing was added."""
        data = b"".join(_line(alert) for alert in alerts)
        size = self._path.stat().st_size
        if size + len(data) > self._largest:
            self._compact()
            size = self._path.stat().st_size
        with self._path.open("ab") as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.truncate(self._path, size)
                raise

    def _compact(self) -> None:
        partial = self._path.with_suffix(".partial")
        partial.touch(mode=0o600)
        kept = sorted(read(self._path), key=lambda alert: alert.status != "firing")[:KEPT]
        with partial.open("wb") as file:
            file.write(b"".join(_line(alert) for alert in sorted(kept, key=_age)))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)

    def _end_torn_line(self) -> None:
        """Of a writer that was killed: it was never acknowledged, so it will be told again."""
        data = self._path.read_bytes()
        if data and not data.endswith(b"\n"):
            os.truncate(self._path, data.rfind(b"\n") + 1)


def _newest(alerts: Iterable[Alert]) -> list[Alert]:
    """An end is final: a notification that was late does not make an alert fire again."""
    found: dict[tuple[str, str], Alert] = {}
    for alert in alerts:
        known = found.get(alert.key)
        if known and known.status == "resolved" and alert.status == "firing":
            alert = replace(known, heard_at=alert.heard_at)
        found[alert.key] = alert
    return sorted(found.values(), key=_age, reverse=True)


def _age(alert: Alert) -> str:
    return alert.starts_at


def _lines(text: str) -> Iterator[Alert]:
    for line in text.splitlines():
        try:
            yield Alert(**json.loads(line))
        except (ValueError, TypeError):
            continue


def _line(alert: Alert) -> bytes:
    return json.dumps(asdict(alert), separators=(",", ":")).encode() + b"\n"
