"""What a view may reach for: the collaborators that create_app put on the app."""

from dataclasses import dataclass
from typing import cast

from flask import current_app, g

from coreskills.actions.backlog import Backlog
from coreskills.actions.request import Request
from coreskills.api.figures import Figures
from coreskills.api.headers import reason
from coreskills.api.identity import Identities
from coreskills.api.limits import Limits
from coreskills.broker.streams import Queue
from coreskills.config import Settings
from coreskills.domain.access import Principal
from coreskills.store.db import Database
from coreskills.telemetry.shared import Shared

KEY = "coreskills"


@dataclass(frozen=True)
class Services:
    db: Database
    queue: Queue
    settings: Settings
    identities: Identities
    limits: Limits
    backlog: Backlog
    figures: Figures
    counters: Shared | None  # of all processes of this API; None: there is only this one


def services() -> Services:
    return cast(Services, current_app.extensions[KEY])


def db() -> Database:
    return services().db


def principal() -> Principal:
    return cast(Principal, g.principal)


def asked(idempotency_key: str | None = None) -> Request:
    """The request as actions want to know it."""
    return Request(principal(), g.request_id, idempotency_key, reason())
