"""The list of safeguards does not rot: what it would take away is there, and so is who notices."""

import ast
from pathlib import Path

import pytest

from tests.faults.mutations import applied
from tests.faults.safeguards import MUTATIONS, Mutation, table

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "safeguards.md"


def test_every_mutation_has_a_name_of_its_own():
    names = [each.name for each in MUTATIONS]
    assert len(names) == len(set(names)) > 40


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_its_text_stands_there_once_and_what_is_left_can_be_imported(mutation: Mutation):
    path = ROOT / "src" / "coreskills" / mutation.file
    mutated = applied(mutation, path.read_text(encoding="utf-8"))
    if path.suffix == ".py":
        compile(mutated, mutation.file, "exec")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_those_who_shall_notice_exist(mutation: Mutation):
    assert mutation.tests
    for test in mutation.tests:
        file, _, function = test.partition("::")
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_documentation_tells_of_all_of_them():
    assert table() in PAGE.read_text(encoding="utf-8")
