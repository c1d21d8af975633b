"""Generated requests, fitting and not fitting the description, answered as the description says."""

import time
from contextlib import suppress
from dataclasses import replace

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as profile
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.apps import bearer, client_of
from tests.people import ADA, GRACE, JEAN
from tests.pipeline import run_out

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
schemathesis.serializer.alias("application/zip", "application/octet-stream")
SECONDS = 15.0  # for everything together; an operation is asked at least once in each way
EXAMPLES = 6
LAPTOP = {"device_id": "1", "device_name": "n", "device_type": "laptop", "platform": "linux"}
LOCK = {"policy_name": "p", "policy_type": "security", "description": "d"}
RULE = {"Field": "Kind", "Op": "eq", "Value": "student"}
ROSTER = b"StudentID,FirstName,LastName,GradeLevel,GraduationYear\nS1,Ada,King,9,2030\nS2,,,,\n"
EXISTING = {
    "id": 1,
    "device_id": "1",
    "student_id": ADA["student_id"],
    "employee_id": JEAN["employee_id"],
    "entity": "jobs",
    "job_type": "graduate_cohort",
    "action": "disable",
    "event": "left",
    "user_type": "student",
    "position": "1",
    "user_id": "1",
}


class Disproved(Exception):
    """Enough is known about an operation."""


@pytest.fixture
def district(client, worker):
    """Where everything has a number 1: a user, a device, a policy, an import, an audit entry."""
    client.post("/api/v1/imports", data=ROSTER, content_type="text/csv")
    for path, body in (
        ("students", ADA),
        ("staff", JEAN),
        ("devices", LAPTOP),
        ("policies", LOCK),
        ("schools", {"sourced_id": "north", "name": "North"}),
        ("groups", {"name": "Chess"}),
        ("licences", {"sku": "OFFICE", "name": "Office", "seats": 1, "rule": RULE}),
    ):
        assert client.post(f"/api/v1/{path}", json=body).status_code < 300
    run_out(worker, wait_seconds=0.2)
    return client


@pytest.fixture
def schema(district, db, queue, settings):
    """Of an instance whose limits are out of the way."""
    wide = replace(settings, reads_per_minute=10**6, writes_per_minute=10**6)
    app = client_of(db, queue, wide, district.tokens).app
    return schemathesis.openapi.from_wsgi("/openapi.json", app)


def test_generated_requests_are_answered_as_described(schema, district):
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 40
    plan = [(operation, cases) for operation in operations for cases in ways(operation)]
    each, wrong, statuses = SECONDS / len(plan), {}, set()
    for operation, cases in plan:
        with suppress(Disproved):
            seen = ask(operation, cases, district.tokens[GRACE], each, wrong)
            assert seen, f"{operation.label} was never asked"
            statuses |= seen
    assert not wrong, "\n\n".join(wrong.values())
    assert statuses >= {200, 202, 404, 422}, "too little was tried"


def ways(operation):
    """Requests that fit the description, that name things which exist, that do not fit it."""
    yield operation.as_strategy()
    named = {parameter.name: EXISTING[parameter.name] for parameter in operation.path_parameters}
    if named and "tokens" not in operation.path:  # number 1 is the token that asks
        yield operation.as_strategy(path_parameters=named, headers={"If-Match": "*"})
    if operation.path_parameters or operation.query or operation.body:
        yield operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)


def ask(operation, cases, token, seconds, wrong):
    """Up to EXAMPLES requests; returns the statuses, and notes the first answer that is wrong."""
    until, statuses = time.monotonic() + seconds, set()

    @given(case=cases)
    @profile(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def holds(case):
        if statuses and time.monotonic() > until:
            return
        try:
            answer = case.call_and_validate(headers=bearer(token), checks=CHECKS)
            statuses.add(answer.status_code)
        except* Failure as failures:
            wrong[operation.label] = "\n".join(map(str, failures.exceptions))
            raise Disproved from None

    holds()
    return statuses
