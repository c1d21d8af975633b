"""Every named query of store/sql is used, and every use names a query that exists."""

import ast
import re
from pathlib import Path

import pytest

from coreskills.store import imports, lifecycle, queries

STORE = Path(queries.__file__).parent
TOPICS = sorted(path.stem for path in (STORE / "sql").glob("*.sql"))
HEADING = re.compile(r"^-- .* --$")


def written(topic: str) -> list[str]:
    lines = (STORE / "sql" / f"{topic}.sql").read_text().splitlines()
    return [line.split()[1] for line in lines if HEADING.match(line)]


def uses(topic: str) -> set[str]:
    """Every SQL["..."] of the module of that topic."""
    tree = ast.parse((STORE / f"{topic}.py").read_text())
    return {
        node.slice.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "SQL"
        and isinstance(node.slice, ast.Constant)
    }


def public_functions(topic: str) -> list[str]:
    body = ast.parse((STORE / f"{topic}.py").read_text()).body
    return [n.name for n in body if isinstance(n, ast.FunctionDef) and n.name[0] != "_"]


def test_there_are_topics():
    assert {"users", "jobs", "leases", "imports", "audit"} <= set(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_query_is_used_and_every_use_exists(topic):
    assert set(written(topic)) == uses(topic)


@pytest.mark.parametrize("topic", TOPICS)
def test_no_two_queries_share_a_name(topic):
    assert len(set(written(topic))) == len(written(topic))


@pytest.mark.parametrize("topic", TOPICS)
def test_the_loader_finds_every_query_with_its_text(topic):
    loaded = queries.load(topic)
    assert list(loaded) == written(topic)
    for name, text in loaded.items():
        assert re.search(r"\b(SELECT|INSERT|UPDATE|DELETE|COPY)\b", text), name
        assert not text.endswith(";"), name


@pytest.mark.parametrize("topic", TOPICS)
def test_every_named_query_is_one_statement(topic):
    for name, text in queries.load(topic).items():
        code = re.sub(r"--.*|'[^']*'", "", text)
        assert ";" not in code, name


def test_nothing_outside_the_sql_folder_builds_a_statement():
    """Migrations and roles are not queries: one runs whole files, the other quotes names."""
    for path in STORE.glob("*.py"):
        if path.stem in ("migrations", "roles"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE)\s", node.value), path.name


def test_every_function_of_the_store_is_called_from_another_module():
    source = {path: path.read_text() for path in STORE.parent.rglob("*.py")}
    unused = [
        f"{topic}.{name}"
        for topic in TOPICS
        for name in public_functions(topic)
        if not any(
            re.search(rf"\b{topic}\.{name}\b", text)
            for path, text in source.items()
            if path != STORE / f"{topic}.py"
        )
    ]
    assert unused == []


def test_a_row_of_a_plan_is_copied_under_the_names_of_its_values():
    """By their order alone, so two texts that change places would be taken without a word."""
    columns = imports.SQL["copy_results"].split("(")[1].split(")")[0].replace(",", " ").split()
    assert columns == ["job_id", *imports.RESULT_COLUMNS, "faults", "changes"]


def test_an_account_is_written_with_all_its_columns():
    """jsonb_to_recordset leaves out, without a word, what it was not told of."""
    text = lifecycle.SQL["update_accounts"]
    written, taken = text.split("FROM jsonb_to_recordset")
    wanted = {*lifecycle.ACCOUNT_COLUMNS, "state_reason"}
    assert set(re.findall(r"\bn\.(\w+)", written)) == wanted
    assert set(re.findall(r"(\w+) (?:bigint|smallint|integer|text)\b", taken)) == {
        *wanted,
        "id",
        "version",
    }
