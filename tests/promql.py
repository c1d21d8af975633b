"""What a query of PromQL asks for, as far as our rules want to know. Its grammar is promtool's."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from scripts.ask_panels import shown

_STRING = r'"(?:\\.|[^"\\])*"'
_GROUPS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_SELECTOR = re.compile(
    rf"(?P<name>[a-zA-Z_:][\w:]*)?\s*\{{(?P<matchers>(?:{_STRING}|[^}}\"])*)\}}\s*(?P<range>\[[^\]:]*\])?"
    r"|(?P<naked>\b[a-zA-Z_:][\w:]*\b)(?!\s*[({])\s*(?P<over>\[[^\]:]*\])?"
)
_MATCHER = re.compile(rf"(\w+)\s*(=~|!~|!=|=)\s*({_STRING})")
_WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}


@dataclass(frozen=True)
class Selector:
    """`window`: between its brackets, empty for none; `function`: whose argument it is."""

    metric: str
    matchers: tuple[str, ...]
    window: str
    function: str


def selectors(query: str) -> Iterator[Selector]:
    text = _GROUPS.sub(lambda found: " " * len(found[0]), query)
    for found in _SELECTOR.finditer(text):
        name = found["name"] or found["naked"] or ""
        if found["naked"] and (name.lower() in _WORDS or _is_in_brackets(text, found.start())):
            continue
        found_matchers = _MATCHER.findall(found["matchers"] or "")
        matchers = tuple(sorted("".join(parts) for parts in found_matchers))
        window = (found["range"] or found["over"] or "").strip("[] ")
        yield Selector(name, matchers, window, _function(text, found.start()))


def faults(promtool: str, queries: Iterable[str], folder: Path) -> list[str]:
    """What Prometheus' own parser says against these."""
    rules = [{"record": f"query:{n}", "expr": shown(q)} for n, q in enumerate(queries)]
    path = folder / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run(
        [promtool, "check", "rules", str(path)], capture_output=True, text=True, timeout=60
    )
    if done.returncode == 0:
        assert f"SUCCESS: {len(rules)} rules found" in done.stdout
        return []
    return (done.stdout + done.stderr).strip().splitlines()


def _is_in_brackets(text: str, start: int) -> bool:
    """The unit of a window, as the m of [5m], and names in strings are no metrics."""
    before = text[:start]
    return before.rfind("[") > before.rfind("]") or before.count('"') % 2 == 1


def _function(text: str, start: int) -> str:
    found = re.search(r"([a-z_]\w*)\s*\(\s*$", text[:start])
    return found[1] if found else ""
