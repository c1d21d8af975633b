"""Whoever meets the id of a check finds it in the documentation."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "howto" / "troubleshoot.md").read_text(encoding="utf-8")
STACK = ROOT / "src" / "coreskills" / "stack"
NAMED = re.compile(r'"((?:bundle|compose|docker|images|mode|open|logs|restart)\.[a-z_]+)"')
NO_IDS = {"bundle.json", "bundle.tar", "compose.yaml", "compose.env", "compose.log"}
FILES = sorted(
    path
    for pattern in ("compose*", "images*", "docker*", "modes*", "bundle*")
    for path in STACK.glob(f"{pattern}.py")
)


def named(path: Path) -> set[str]:
    return set(NAMED.findall(path.read_text(encoding="utf-8"))) - NO_IDS


def test_there_are_ids_to_look_for():
    assert {"docker.engine", "images.pull"} <= set().union(*map(named, FILES))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_id_of_a_check_is_explained(path: Path):
    assert {id for id in named(path) if f"`{id}`" not in PAGE} == set()
