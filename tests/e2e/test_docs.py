"""What the documentation shows is run: every `console` block, in the order of its page."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.conftest import Instance

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
PAGES = sorted(
    (
        path
        for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
        if "```console" in path.read_text(encoding="utf-8")
    ),
    key=lambda path: (path.parent.name != "tutorial", path),  # a beginner's instance is new
)
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Command:
    text: str
    shown: str  # what the page says it prints; `...` stands for anything


def commands(page: Path) -> Iterator[Command]:
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            text, _, shown = part.partition("\n")
            yield Command(text, shown.strip())


def test_there_are_pages_with_commands():
    names = {path.name for path in PAGES}
    assert {"README.md", "first-quarter-hour.md", "import-a-roster.md"} <= names


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_commands_of_a_page_do_what_it_shows(page: Path, running: Instance, tmp_path: Path):
    script = _script(page, list(commands(page)))
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=170,
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "CORESKILLS_HOME": str(running.home),
            "API": running.facts["urls"]["api"],
            "TOKEN": running.facts["token"],
        },
    )
    printed = done.stdout.split("\x1e")[1:]
    for command, output in zip(commands(page), printed, strict=True):
        code, _, text = output.partition("\n")
        # Where there is no Prometheus, `check` says 7: all is well, and something was not asked.
        unseen = code == "7" and command.text == "./coreskills check" and " 0 failed" in text
        assert code == "0" or unseen, f"{command.text}\nended with {code}\n{text}\n{done.stderr}"
        assert _matches(command.shown, text), f"{command.text}\nprinted\n{text}"


def _script(page: Path, listed: list[Command]) -> str:
    """Each command's output behind a mark with its exit code."""
    parts = []
    for number, command in enumerate(listed):
        text = command.text.replace("./coreskills", f"{sys.executable} -m coreskills")
        text = text.replace("data/", f"{ROOT}/data/").replace("python3 -c", f"{sys.executable} -c")
        parts.append(
            f"{{ {text}\n}} >out{number} 2>>errors; code=$?; cat errors >&2; "
            f"printf '\\036%s\\n' $code; cat out{number}"
        )
    return "\n".join(parts)


def _matches(shown: str, text: str) -> bool:
    """Columns are as wide as they need to be, so runs of spaces are one."""
    pattern = re.escape(" ".join(shown.split())).replace(re.escape("..."), ".*")
    return re.match(pattern, " ".join(text.split())) is not None
