"""What the generated OpenAPI document lacks: who may call, which headers, how refusals look."""

import re
from collections.abc import Callable
from typing import Any

from flask import Flask

from coreskills.api import headers
from coreskills.api.permissions import PUBLIC, permission_of
from coreskills.api.schemas import Problem
from coreskills.domain.access import PERMISSIONS

Object = dict[str, Any]
View = Callable[..., Any]
_PARAMETER = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
_REFUSAL = {"$ref": "#/components/responses/Problem"}
_UNCHANGED = {"description": "What the caller has is still right: If-None-Match holds its ETag"}


def complete(app: Flask, document: Object) -> Object:
    document["tags"] = [{"name": name} for name in _names(document["tags"])]
    components = document["components"]
    components["schemas"]["Problem"] = Problem.model_json_schema()
    components["responses"] = {
        "Problem": {
            "description": "Refused or failed; `code` says why, and stays the same",
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
    }
    for rule in app.url_map.iter_rules():
        operations = document["paths"].get(_PARAMETER.sub(r"{\1}", rule.rule), {})
        for method in rule.methods or ():
            if operation := operations.get(method.lower()):
                _complete(operation, method, app.view_functions[rule.endpoint])
    return document


def _complete(operation: Object, method: str, view: View) -> None:
    permission = permission_of(view)
    operation["responses"].setdefault("default", _REFUSAL)
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
    operation["parameters"] += headers.taken_by(view)
    if permission is None or permission == PUBLIC:
        return
    operation["security"] = [{"bearer": []}]
    roles = ", ".join(sorted(PERMISSIONS[permission]))
    operation["description"] = f"Needs the permission {permission}, which have: {roles}."
    if method == "GET":
        operation["responses"]["304"] = _UNCHANGED
    else:
        operation["parameters"].append(headers.REASON)


def _names(tags: list[Object]) -> dict[str, None]:
    return dict.fromkeys(tag["name"] for tag in tags)
