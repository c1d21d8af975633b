"""What every refusal looks like (RFC 9457), and what a refusal leaves behind: nothing."""

from typing import Any

from psycopg import sql
from werkzeug.test import TestResponse

from tests.conftest import Site

MEMBERS = {"type", "title", "status", "code", "detail", "request_id"}
Fault = tuple[str, str]


def refused(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The problem, after a look at everything that all problems have in common."""
    assert (response.status_code, response.json.get("code")) == (status, code), response.text
    assert response.content_type == "application/problem+json"
    problem: dict[str, Any] = response.json
    assert problem.keys() >= MEMBERS
    assert problem["status"] == status
    assert problem["type"] == f"urn:coreskills:problem:{code}"
    assert problem["request_id"] == response.headers["X-Request-ID"]
    assert problem["title"]
    assert problem["detail"]
    return problem


def faults(response: TestResponse) -> set[Fault]:
    """(where, which rule) of every fault of a 422."""
    problem = refused(response, 422, "validation_failed")
    assert all(fault["message"] for fault in problem["errors"])
    return {(fault["at"], fault["code"]) for fault in problem["errors"]}


def contents(site: Site, *besides: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table except those named."""
    with site.admin() as conn:
        tables = conn.execute(
            "SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public' ORDER BY 1"
        ).fetchall()
        return {
            name: conn.execute(
                sql.SQL("SELECT t::text FROM {} t ORDER BY 1").format(sql.Identifier(name))
            ).fetchall()
            for (name,) in tables
            if name not in besides
        }
