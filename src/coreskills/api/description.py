"""The OpenAPI document and the page to try it, served by ourselves: both work offline."""

from importlib import resources

import orjson
from apiflask import APIBlueprint
from flask import Response, current_app, redirect, send_from_directory
from werkzeug.wrappers import Response as WerkzeugResponse

from coreskills.api.answers import conditional
from coreskills.api.permissions import public

blueprint = APIBlueprint("description", __name__, enable_openapi=False)
_DOCUMENT = "coreskills.document"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>CoreSkills API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script>
</body></html>
"""


@blueprint.get("/openapi.json")
@public
def get_openapi() -> Response:
    made = current_app.extensions.get(_DOCUMENT)
    if made is None:  # once for each process: it takes longer than a hundred lists
        # current_app is an APIFlask, which Flask cannot know
        made = orjson.dumps(current_app.spec)  # type: ignore[attr-defined]
        current_app.extensions[_DOCUMENT] = made
    return conditional(made)


@blueprint.get("/")
@public
def get_root() -> WerkzeugResponse:
    """Who opens the bare address in a browser wants to see something."""
    return redirect("/docs")


@blueprint.get("/docs")
@public
def get_docs() -> Response:
    return Response(_PAGE, content_type="text/html; charset=utf-8")


@blueprint.get("/docs/<path:name>")
@public
def get_docs_asset(name: str) -> Response:
    folder = resources.files("coreskills.api") / "static"
    return send_from_directory(str(folder), name, max_age=86_400)
