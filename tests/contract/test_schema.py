"""store/schema.sql shows the whole schema on one page: what all migrations add up to."""

import os
import re
import subprocess
from pathlib import Path

from coreskills.stack.postgres import binaries
from coreskills.store import migrations, roles, rules

SCHEMA = Path(migrations.__file__).with_name("schema.sql")
REWRITE = "CORESKILLS_WRITE_SCHEMA"
TITLE = """\
-- The schema that all migrations add up to, for reading. Nothing executes this file; a test
-- compares it with a migrated database. To write it anew after adding a migration:
-- {variable}=1 python -m pytest tests/contract/test_schema.py
"""


def dumped(address: str) -> str:
    """pg_dump's text without what depends on its version, its moment or its session."""
    done = subprocess.run(
        [str(binaries() / "bin" / "pg_dump"), "--schema-only", "--no-owner", address],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    noise = re.compile(r"^(--|SET |SELECT pg_catalog\.set_config|\\(un)?restrict )")
    lines = [line for line in done.stdout.splitlines() if not noise.match(line)]
    text = "\n".join(lines).strip()
    return TITLE.format(variable=REWRITE) + "\n" + re.sub(r"\n{2,}", "\n\n", text) + "\n"


def test_the_schema_file_is_the_sum_of_the_migrations(site):
    schema = dumped(site.url(roles.OWNER))
    if os.environ.get(REWRITE):
        SCHEMA.write_text(schema, encoding="utf-8")
    assert SCHEMA.read_text(encoding="utf-8") == schema, (
        f"{SCHEMA.name} is behind the migrations; write it anew with\n"
        f"    {REWRITE}=1 python -m pytest tests/contract/test_schema.py"
    )


def test_every_rule_that_has_words_for_people_exists():
    schema = SCHEMA.read_text(encoding="utf-8")
    for rule in rules.CONSTRAINTS:
        assert re.search(rf"(CONSTRAINT|UNIQUE INDEX) {rule}\b", schema), rule
    for rule in rules.TRIGGERS:
        assert re.search(rf"(CONSTRAINT |'){rule}\b", schema), rule


def test_no_rule_is_called_what_postgresql_numbered_it():
    assert not re.findall(r"CONSTRAINT \w+_check\d+", SCHEMA.read_text(encoding="utf-8"))
