"""The description of the API is valid, complete, and about what is really served."""

import re
import time

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from coreskills.api.acts import ACTS
from coreskills.api.permissions import PUBLIC, permission_of
from coreskills.broker.streams import NoQueue
from coreskills.config import Settings
from coreskills.domain.access import PERMISSIONS
from coreskills.server import create_app
from tests.apps import absent_database, client_of

ABOUT_ITSELF = ("/openapi.json", "/docs")
IF_MATCH = {
    "patch /api/v1/users/{id}",
    "patch /api/v1/devices/{device_id}",
    "delete /api/v1/devices/{device_id}",
    "patch /api/v1/policies/{id}",
    "delete /api/v1/policies/{id}",
    "patch /api/v1/schools/{id}",
    "patch /api/v1/groups/{id}",
    "delete /api/v1/groups/{id}",
    "patch /api/v1/licences/{id}",
    "delete /api/v1/licences/{id}",
}
IDEMPOTENCY_KEY = {
    "post /api/v1/users/student",
    "post /api/v1/users/staff",
    "post /api/v1/students",
    "post /api/v1/staff",
    "post /api/v1/jobs",
    "post /api/v1/jobs/batch",
    "post /api/v1/imports",
    "post /api/v1/imports/oneroster",
    "post /api/v1/exports/oneroster",
    "delete /api/v1/users/{id}",
    "post /api/v1/cohorts/promote",
    "post /api/v1/cohorts/graduate",
    *(f"post /api/v1/users/{{id}}/{act}" for act in ACTS),
    "post /api/v1/users/{id}/export",
}


def braced(rule):
    """/jobs/<int:id> as /jobs/{id}"""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


@pytest.fixture(scope="module")
def app(jwt_key):
    """It describes itself with nothing else there."""
    settings = Settings(jwt_key=jwt_key)
    database = absent_database(settings)
    yield create_app(database, NoQueue(), settings)
    database.close()


@pytest.fixture(scope="module")
def document(app):
    answer = app.test_client().get("/openapi.json")
    assert answer.status_code == 200
    return answer.json


@pytest.fixture(scope="module")
def operations(document):
    """{"get /api/v1/users": operation}"""
    return {
        f"{method} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


@pytest.fixture(scope="module")
def views(app):
    """{"get /api/v1/users": view} of everything served below /api, /health and /metrics."""
    return {
        f"{method.lower()} {braced(rule.rule)}": app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(("/api/", "/health", "/metrics"))
    }


def test_it_is_valid_openapi_3_1(document):
    assert document["openapi"] == "3.1.0"
    faults = [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()]
    assert not faults


def test_it_describes_every_route_and_nothing_else(operations, views):
    assert set(operations) == set(views)


def test_every_operation_has_a_summary_one_tag_and_a_name_of_its_own(operations, document):
    for name, operation in operations.items():
        assert len(operation["summary"]) > 5, name
        assert len(operation["tags"]) == 1, name
    names = [operation["operationId"] for operation in operations.values()]
    assert len(names) == len(set(names))
    used = {operation["tags"][0] for operation in operations.values()}
    assert {tag["name"] for tag in document["tags"]} == used


def test_it_says_who_needs_a_token_and_which_permission(operations, views, document):
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for name, operation in operations.items():
        permission = permission_of(views[name])
        if permission == PUBLIC:
            assert "security" not in operation, name
        else:
            assert operation["security"] == [{"bearer": []}], name
            assert permission in operation["description"], name
            assert all(role in operation["description"] for role in PERMISSIONS[permission])


def test_it_describes_refusals_as_problems(operations, document):
    response = document["components"]["responses"]["Problem"]["content"]
    assert set(response) == {"application/problem+json"}
    problem = document["components"]["schemas"]["Problem"]
    assert set(problem["required"]) == {"type", "title", "status", "code", "detail", "request_id"}
    for name, operation in operations.items():
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}, name


def test_every_answer_that_is_accepted_says_202_and_every_body_is_required(operations):
    for name in IDEMPOTENCY_KEY | {"post /api/v1/jobs/{id}/retry"}:
        assert "202" in operations[name]["responses"], name
    for name, operation in operations.items():
        assert operation.get("requestBody", {"required": True})["required"], name


def test_a_roster_is_described_as_csv(operations):
    body = operations["post /api/v1/imports"]["requestBody"]
    assert set(body["content"]) == {"text/csv"}
    answer = operations["get /api/v1/imports/{id}/rejected.csv"]["responses"]["200"]
    assert set(answer["content"]) == {"text/csv"}


def test_it_says_which_headers_a_route_takes(operations):
    def taking(header):
        return {
            name
            for name, operation in operations.items()
            for parameter in operation["parameters"]
            if (parameter["in"], parameter["name"]) == ("header", header)
        }

    assert taking("If-Match") == IF_MATCH
    assert taking("Idempotency-Key") == IDEMPOTENCY_KEY


def test_the_limit_of_a_page_is_described(operations):
    short = {"get /api/v1/thresholds", "get /api/v1/retention"}
    lists = {name for name in operations if re.fullmatch(r"get /api/v1/\w+", name)} - short
    assert len(lists) >= 9
    for name in lists:
        limit = next(p for p in operations[name]["parameters"] if p["name"] == "limit")["schema"]
        assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 200, 50), name


def test_the_rules_of_a_student_are_in_the_schema(document):
    student = document["components"]["schemas"]["NewStudent"]
    assert student["additionalProperties"] is False
    assert set(student["required"]) == {
        "student_id",
        "first_name",
        "last_name",
        "grade_level",
        "graduation_year",
    }
    grade = student["properties"]["grade_level"]
    assert (grade["type"], grade["minimum"], grade["maximum"]) == ("integer", 9, 12)
    assert student["properties"]["first_name"]["maxLength"] == 100


def test_it_is_served_offline_with_a_page_to_try_it(app):
    client = app.test_client()
    page = client.get("/docs")
    assert page.content_type.startswith("text/html")
    assert "http://" not in page.text
    assert "https://" not in page.text
    for asset in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        with client.get(asset) as file:
            assert file.status_code == 200, asset


def test_the_folder_of_that_page_gives_away_nothing_beside_it(app):
    client = app.test_client()
    for path in ("../server.py", "..%2fserver.py", "%2e%2e/schemas.py", "/etc/passwd", "..\\x"):
        assert client.get(f"/docs/{path}").status_code in (308, 404), path


def test_a_document_already_there_is_not_sent_again(app):
    client = app.test_client()
    tag = client.get("/openapi.json").headers["ETag"]
    again = client.get("/openapi.json", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


def test_it_is_made_once_and_not_for_every_reader(jwt_key):
    settings = Settings(jwt_key=jwt_key)
    database = absent_database(settings)
    client = client_of(database, NoQueue(), settings)

    def spent(times):
        started = time.thread_time()
        for _ in range(times):
            assert client.get("/openapi.json").status_code == 200
        return time.thread_time() - started

    first = spent(1)
    assert spent(10) < 5 * first
    database.close()


def test_every_app_describes_itself_alike(app, jwt_key):
    """Blueprints are shared among apps, so one description must not leak into the next."""
    settings = Settings(jwt_key=jwt_key)
    database = absent_database(settings)
    other = client_of(database, NoQueue(), settings).get("/openapi.json")
    database.close()
    assert other.json == app.test_client().get("/openapi.json").json
