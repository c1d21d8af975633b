"""Reading requests: strict bodies, tolerant query strings, and every fault at once.

Takes the place of APIFlask's reader for Pydantic models, which converts "11" to 11 silently,
takes any content type, and drops the kind of a fault.
"""

from typing import Any

import orjson
from apiflask.schema_adapters.pydantic import PydanticAdapter
from apiflask.schema_adapters.registry import registry
from flask import Request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from coreskills.domain.people import faults
from coreskills.errors import Fault, Invalid

LARGEST_BODY = 64 * 1024


class StrictAdapter(PydanticAdapter):
    def validate_input(self, request: Request, location: str, **_: Any) -> BaseModel:
        """Raises Invalid, or 413 and 415 of the framework."""
        if location == "json":
            return parsed(self.model_class, _json(request), at="/")
        return parsed(self.model_class, request.args.to_dict(), at="?")


def install() -> None:
    """Before the first route is declared."""
    registry.register("pydantic", StrictAdapter)


def parsed(model: type[BaseModel], data: Any, *, at: str) -> BaseModel:
    try:
        return model.model_validate(data)
    except ValidationError as exc:
        raise Invalid("The request is not valid", faults(exc, at=at, model=model)) from None


def _json(request: Request) -> Any:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send the body as Content-Type: application/json")
    data = request.get_data(cache=False)
    if len(data) > LARGEST_BODY:  # Werkzeug cuts a body of unknown length off without a word
        raise RequestEntityTooLarge
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as exc:
        fault = Fault(f"line {exc.lineno}, column {exc.colno}", "bad_json", exc.msg)
        raise Invalid("The body is not JSON", [fault]) from None
