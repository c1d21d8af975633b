"""What runs before any package is installed needs none, and any Python from 3.11 on can read it."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STARTERS = [ROOT / name for name in ("start.py", "stop.py", "test.py", "test_api.py")]
FILES = [*STARTERS, *sorted((ROOT / "scripts/environment").glob("*.py"))]
OURS = {"environment", "start"}


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or ".").partition(".")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_uses_the_standard_library_and_nothing_newer_than_python_3_11(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 11))
    assert set(imported(tree)) <= sys.stdlib_module_names | OURS


def test_there_is_an_environment_package_to_look_at() -> None:
    assert len(FILES) > len(STARTERS) + 5
