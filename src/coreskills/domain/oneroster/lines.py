"""Lines into values: RFC 4180, but a value has no line break, so a line is a row."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from coreskills.errors import Fault

MOST_COLUMNS = 200
_CELL = re.compile(r'(?:"((?:[^"]|"")*)"|([^",]*))(?:,|\Z)')
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


class Line(NamedTuple):
    """`values` is empty when there is a fault. A line that is wider than the header, or a header of
    over MOST_COLUMNS, is read one value further, and not to its end."""

    number: int
    values: list[str]
    fault: Fault | None = None


def parsed(lines: Iterable[bytes]) -> Iterator[Line]:
    """Every line that is not blank. The first may begin with a BOM."""
    ahead = iter(lines)
    line, number = next(ahead, None), 1
    if line is not None:
        line = line.removeprefix(b"\xef\xbb\xbf")
    most = 0
    while line is not None:
        following = next(ahead, None)
        if stripped := line.removesuffix(b"\n").removesuffix(b"\r"):
            found = _parsed(number, stripped, following, most or MOST_COLUMNS)
            most = most or len(found.values)
            yield found
        line, number = following, number + 1


def _parsed(number: int, line: bytes, following: bytes | None, most: int) -> Line:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return _faulty(number, "csv_encoding", "is not UTF-8; save the file as CSV UTF-8")
    if "\0" in text:
        return _faulty(number, "csv_encoding", "contains a NUL")
    if "\r" in text:
        return _faulty(number, "csv_bare_cr", "has a carriage return within")
    if '"' not in text:
        return Line(number, text.split(",", most + 1)[: most + 1])
    return _quoted(number, text, following, most)


def _quoted(number: int, text: str, following: bytes | None, most: int) -> Line:
    values: list[str] = []
    at = 0
    while len(values) <= most:
        cell = _CELL.match(text, at)
        if cell is None:
            return _faulty(number, *_diagnosis(text[at:], following))
        quoted, bare = cell.groups()
        values.append(bare if quoted is None else quoted.replace('""', '"'))
        at = cell.end()
        if at == len(text) and not cell.group().endswith(","):
            return Line(number, values)
        if at == len(text):
            return Line(number, [*values, ""])
    return Line(number, values)


def _diagnosis(rest: str, following: bytes | None) -> tuple[str, str]:
    if not rest.startswith('"'):
        return "csv_stray_quote", "has a quote within a value; put the value in quotes, double it"
    if _QUOTED.match(rest):
        return "csv_after_quote", "has text after a closing quote"
    if following is not None and following.count(b'"') % 2:
        return "csv_line_break", "has a line break within a value"
    return "csv_open_quote", "has a quote that does not close"


def _faulty(number: int, code: str, message: str) -> Line:
    return Line(number, [], Fault("line", code, message))
