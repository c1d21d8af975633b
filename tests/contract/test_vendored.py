"""What is in the repository but not ours is exactly what it says it is."""

import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "src" / "coreskills" / "api" / "static"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_swagger_files_are_those_of_their_checksums():
    lines = (STATIC / "SHA256SUMS").read_text().splitlines()
    named = {name: wanted for wanted, name in (line.split() for line in lines)}
    assert {name: digest(STATIC / name) for name in named} == named
    assert {path.name for path in STATIC.glob("swagger-ui*")} == set(named)


def test_the_vendored_pip_is_the_one_of_its_readme():
    (wheel,) = (ROOT / "vendor").glob("pip-*.whl")
    assert digest(wheel) in (ROOT / "vendor" / "README.md").read_text()


def test_both_have_their_licence_named():
    assert "Apache" in (STATIC / "LICENSE.swagger-ui").read_text()
    assert "MIT" in (ROOT / "vendor" / "README.md").read_text()


def test_no_page_of_ours_loads_anything_from_elsewhere():
    ours = [*STATIC.glob("start.js"), *(ROOT / "src" / "coreskills" / "api").glob("*.py")]
    for path in ours:
        assert not re.search(r"(src|href)=\"https?:", path.read_text(encoding="utf-8")), path
