"""Versions of systems and programs, compared as people expect: 10.0.9 < 10.0.22631.

Numbers are compared as numbers and missing ones count as zero, so 14 is 14.0.0. A pre-release, as
in 14.0-beta.2, comes before its release, by the rules of Semantic Versioning 2.0, item 11.
"""

import re

_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,7}(-[0-9A-Za-z]+(\.[0-9A-Za-z]+)*)?\Z")
_NUMBER = re.compile(r"[0-9]{1,9}\Z")


def compare(left: str, right: str) -> int | None:
    """-1, 0 or 1; None when one of them is no version."""
    if not (_VERSION.match(left) and _VERSION.match(right)):
        return None
    a, b = _key(left), _key(right)
    return (a > b) - (a < b)


def _key(text: str) -> tuple[list[int], int, list[tuple[int, int, str]]]:
    release, dash, before = text.partition("-")
    numbers = [int(part) for part in release.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers, 0 if dash else 1, [_identifier(part) for part in before.split(".") if part]


def _identifier(part: str) -> tuple[int, int, str]:
    """Numbers come before words, and are compared as numbers."""
    return (0, int(part), "") if _NUMBER.match(part) else (1, 0, part)
