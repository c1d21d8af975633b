"""A docker command that answers what a test has written down, and remembers what it was asked.

    docker = ScriptedDocker(tmp_path)
    docker.answers("version", out="28.2.2")
    docker.answers("pull", code=1, err="no route to host")

The first answer fits whose words are all in the command; what fits none is refused.
"""

import json
import sys
from pathlib import Path

from coreskills.stack.docker import Docker

PROGRAM = """#!{python}
import json, pathlib, sys, time
folder = pathlib.Path({folder!r})
words = sys.argv[1:]
with (folder / "asked").open("a") as asked:
    asked.write(json.dumps(words) + "\\n")
for wanted, code, out, err, seconds in json.loads((folder / "answers").read_text()):
    if set(wanted) <= set(words):
        time.sleep(seconds)
        print(out)
        print(err, file=sys.stderr)
        sys.exit(code)
print("docker: nothing is written down for", *words, file=sys.stderr)
sys.exit(125)
"""


class ScriptedDocker(Docker):
    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        program = folder / "docker"
        program.write_text(PROGRAM.format(python=sys.executable, folder=str(folder)))
        program.chmod(0o755)
        super().__init__(str(program), {})
        object.__setattr__(self, "folder", folder)
        object.__setattr__(self, "known", [])

    folder: Path
    known: list[tuple[tuple[str, ...], int, str, str, float]]

    def answers(
        self, *words: str, code: int = 0, out: str = "", err: str = "", seconds: float = 0
    ) -> None:
        self.known.append((words, code, out, err, seconds))
        (self.folder / "answers").write_text(json.dumps(self.known))

    def asked(self, *words: str) -> list[list[str]]:
        """Each command that had all these words, in the order they came."""
        lines = (self.folder / "asked").read_text().splitlines()
        return [found for found in map(json.loads, lines) if set(words) <= set(found)]
