"""Loads the named queries of sql/*.sql. A missing name fails at import, not in production."""

import re
from importlib import resources
from typing import LiteralString, cast

_names: dict[str, str] = {}
_NAME = re.compile(r"^-- ([a-z_]+) --$", re.MULTILINE)


def load(topic: str) -> dict[str, LiteralString]:
    text = (resources.files(__package__) / "sql" / f"{topic}.sql").read_text(encoding="utf-8")
    _, *parts = _NAME.split(text)
    pairs = zip(parts[::2], parts[1::2], strict=True)
    found = {name: cast(LiteralString, body.strip().rstrip(";")) for name, body in pairs}
    _names.update({text: name for name, text in found.items()})
    return found


def name_of(text: str) -> str:
    """Empty for one that is none of ours."""
    return _names.get(text, "")
