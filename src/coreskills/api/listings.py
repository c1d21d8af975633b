"""A list that is asked for often, described once: Flask answers it, and so does api/express.py."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response

from coreskills.api.answers import PageQuery, Row, page
from coreskills.api.context import db
from coreskills.store.db import Connection


@dataclass(frozen=True)
class Listing:
    """`select(conn, query, limit)` gives the rows; `name` is their key in the body."""

    name: str
    path: str
    permission: str
    query: type[PageQuery]
    select: Callable[[Connection, Any, int], list[Row]]

    def answer(self, query: PageQuery) -> Response:
        with db().reading() as conn:
            return page(self.name, query, lambda limit: self.select(conn, query, limit))
