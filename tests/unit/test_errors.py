"""One tree of errors, one table that gives each its HTTP status."""

import ast
import inspect
from pathlib import Path

import pytest

from coreskills import errors
from coreskills.api.errors import STATUS
from coreskills.errors import AppError, Conflict, EngineFailed, RateLimited, StackFailed

TREE = [
    kind
    for kind in vars(errors).values()
    if inspect.isclass(kind) and issubclass(kind, AppError) and kind is not AppError
]


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_every_error_has_a_status(kind):
    assert 400 <= STATUS[kind] <= 599


def test_the_table_names_no_error_that_is_not_in_the_tree():
    assert set(STATUS) == set(TREE)


def test_every_error_class_has_its_own_code():
    codes = [kind.code for kind in TREE]
    assert sorted(set(codes)) == sorted(codes)


def test_the_docstring_of_the_module_lists_the_whole_tree():
    listed = {line.split()[0] for line in errors.__doc__.splitlines() if line.startswith("  ")}
    assert {kind.__name__ for kind in TREE} <= listed


def test_errors_know_nothing_of_http():
    source = Path(errors.__file__).read_text()
    imported = {
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported == {"collections.abc", "dataclasses", "datetime", "typing"}


def test_an_instance_may_carry_a_code_of_its_own_without_changing_its_class():
    error = Conflict("taken", code="duplicate_person", id=7)
    assert (error.code, Conflict.code) == ("duplicate_person", "conflict")
    assert error.details == {"id": 7}


def test_errors_carry_what_their_reader_needs():
    assert str(EngineFailed("broke", permanent=False)) == "broke"
    assert RateLimited("slow down", retry_after=7).retry_after == 7
    failed = StackFailed("no", check="port.api", fix="stop it", exit_code=5)
    assert (failed.check, failed.fix, failed.exit_code) == ("port.api", "stop it", 5)
    assert failed.details == {"check": "port.api", "fix": "stop it"}
