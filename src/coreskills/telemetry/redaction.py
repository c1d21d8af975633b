"""Secrets do not get into a log, whoever put them into a line."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

REDACTED = "[redacted]"
_NAME = re.compile(
    r"pass(word|wd|phrase)|secret|token|authori[sz]ation|cookie|credential|(api|jwt|private)_?key"
    r"|_url$|dsn|conninfo",
    re.IGNORECASE,
)
_LABEL = r"(?:pass(?:word|wd|phrase)|pwd|secret|token|api_?key)"
_TEXT = [
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*-----|\Z)", re.DOTALL), ""),
    (re.compile(r"\b((?:Bearer|Basic)\s+)[^\s,;\"']+", re.IGNORECASE), r"\1"),
    # From the first letter of a scheme on, no other: a long line of dots would take minutes.
    (re.compile(r"(?<![a-z0-9+.-])([a-z0-9+.-]+://)[^\s\"']*(?=@)", re.IGNORECASE), r"\1"),
    (re.compile(r"\bcs_[\w-]{20,}"), ""),  # a personal token, see actions/tokens.py
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), ""),  # a JWT
    (
        re.compile(rf"({_LABEL}[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&]+)", re.IGNORECASE),
        r"\1",
    ),
]

# One of these is in every text that a pattern matches.
_CUE = re.compile(r"private key|bearer|basic|://|cs_|eyj|pass|pwd|secret|token|api_?key")
_PLAIN = frozenset({int, float, bool, type(None)})


def redacted(value: Any, name: str = "") -> Any:
    """The same without secrets; `name` is what the line calls it."""
    kind = type(value)
    if kind is str:
        return REDACTED if value and _is_secret(name) else redacted_text(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, Mapping):
        return {key: redacted(each, str(key)) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [redacted(each, name) for each in value]
    if isinstance(value, bytes):
        return redacted(value.decode("utf-8", "replace"), name)
    return value


@lru_cache(maxsize=512)
def _is_secret(name: str) -> bool:
    return _NAME.search(name) is not None


def redacted_text(text: str) -> str:
    if not _CUE.search(text.lower()):  # nearly every text, and much quicker
        return text
    for pattern, kept in _TEXT:
        text = pattern.sub(kept + REDACTED, text)
    return text
