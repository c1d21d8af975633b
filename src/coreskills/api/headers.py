"""Headers that are asked for in one place: the key of a repeatable POST."""

import re

from flask import request

from coreskills.errors import Fault, Invalid

_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")


def idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.match(key):
        fault = Fault("Idempotency-Key", "bad_key", "must be 1 to 255 visible ASCII characters")
        raise Invalid("The Idempotency-Key is not valid", [fault])
    return key
