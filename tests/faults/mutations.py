"""Takes away one safeguard of the job pipeline after the other, and looks who notices.

python -m tests.faults.mutations [NAME ...] [--list] [--json FILE]

Works on a copy of the tree, in a temporary folder. First the tests that are named in safeguards.py
run on the copy as it is, and must be green. Then, for each mutation, its own tests run, and each
must fail: by what it asserts, or by an error in it; not because nothing can be imported any more,
and not because it hangs. Exits with 1 if one does not.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.faults.safeguards import MUTATIONS, Mutation, table

ROOT = Path(__file__).parents[2]
PATIENCE = 300  # seconds for one run of pytest on a mutated tree
NO_RED = ("ImportError", "ModuleNotFoundError", "SyntaxError", "Timeout (>")
RED, GREEN, SKIPPED, BROKEN = "red", "green", "not run", "broken"


@dataclass(frozen=True)
class Verdict:
    name: str
    safeguard: str
    tests: tuple[str, ...]
    seconds: float
    verdict: str  # red: the tests notice. Anything else is a fault of this list or of the tests


class Gone(Exception):
    """The text of a mutation is not in its file, or not once."""


class Tree:
    """A copy that may be broken."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "tree"
        ignored = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info")
        shutil.copytree(ROOT, self.root, ignore=ignored)
        self._report = folder / "report.xml"
        kept = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
        own = {"PYTHONPATH": str(self.root / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
        self._environment = kept | own
        self._is_what_runs()

    def _is_what_runs(self) -> None:
        """And not the package that is installed."""
        program = "import coreskills; print(coreskills.__file__)"
        found = subprocess.check_output(
            [sys.executable, "-c", program], cwd=self.root, env=self._environment, text=True
        )
        if not Path(found.strip()).is_relative_to(self.root):
            raise SystemExit(f"The tests would run {found.strip()}, which is not the copy")

    @contextmanager
    def mutated(self, mutation: Mutation) -> Iterator[None]:
        path = self.root / "src" / "coreskills" / mutation.file
        before = path.read_text(encoding="utf-8")
        path.write_text(applied(mutation, before), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(before, encoding="utf-8")

    def run(self, tests: Iterable[str]) -> dict[str, str]:
        """RED, GREEN, SKIPPED or BROKEN for each; red if it is for one of its parameters."""
        wanted = list(dict.fromkeys(tests))
        self._report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", f"--junitxml={self._report}"]
        command += ["-p", "no:cacheprovider", "--tb=short", *(f"tests/{each}" for each in wanted)]
        try:
            subprocess.run(
                command,
                cwd=self.root,
                env=self._environment,
                stdout=subprocess.DEVNULL,
                timeout=PATIENCE * len(wanted),
                check=False,
            )
        except subprocess.TimeoutExpired:
            return dict.fromkeys(wanted, BROKEN)
        return {test: self._outcome(test) for test in wanted}

    def _outcome(self, test: str) -> str:
        file, _, function = test.partition("::")
        module = "tests." + file.removesuffix(".py").replace("/", ".")
        cases = ElementTree.parse(self._report).iter("testcase") if self._report.exists() else []
        outcomes = {
            _outcome(case)
            for case in cases
            if case.get("classname") == module and case.get("name", "").split("[")[0] == function
        }
        for outcome in (RED, BROKEN, SKIPPED, GREEN):
            if outcome in outcomes:
                return outcome
        return BROKEN  # nothing was collected


def _outcome(case: ElementTree.Element) -> str:
    """An error is one of collecting, of setting up or of tearing down."""
    failure = case.find("failure")
    if failure is not None:
        message = failure.get("message", "")
        return BROKEN if message.removeprefix("Failed: ").startswith(NO_RED) else RED
    if case.find("error") is not None:
        return BROKEN
    return SKIPPED if case.find("skipped") is not None else GREEN


def applied(mutation: Mutation, source: str) -> str:
    """The source without the safeguard. Raises Gone."""
    if (times := source.count(mutation.text)) != 1:
        raise Gone(f"{mutation.name}: its text is {times} times in {mutation.file}")
    return source.replace(mutation.text, mutation.instead)


def judged(tree: Tree, mutation: Mutation) -> Verdict:
    began = time.monotonic()
    try:
        with tree.mutated(mutation):
            outcomes = set(tree.run(mutation.tests).values())
    except Gone:
        outcomes = {"text not found"}
    verdict = RED if outcomes == {RED} else next(each for each in outcomes if each != RED)
    seconds = round(time.monotonic() - began, 1)
    return Verdict(mutation.name, mutation.safeguard, mutation.tests, seconds, verdict)


def row(verdict: Verdict) -> str:
    tests = "<br>".join(verdict.tests)
    cells = [verdict.name, verdict.safeguard, tests, f"{verdict.seconds:.1f}", verdict.verdict]
    return f"| {' | '.join(cells)} |"


def chosen(names: Sequence[str]) -> list[Mutation]:
    known = {each.name: each for each in MUTATIONS}
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"There is no mutation {', '.join(unknown)}; --list names them all")
    return [known[name] for name in names] or list(MUTATIONS)


def prove(mutations: Sequence[Mutation]) -> list[Verdict]:
    """Raises SystemExit when the tests are not green to begin with."""
    with tempfile.TemporaryDirectory(prefix="coreskills-mutations-") as folder:
        Path(folder).chmod(0o711)  # the account of the servers passes through
        tree = Tree(Path(folder))
        outcomes = tree.run(test for each in mutations for test in each.tests)
        wrong = [f"{test}: {told}" for test, told in outcomes.items() if told != GREEN]
        if wrong:
            raise SystemExit("\n".join(["Without any mutation, these are not green:", *wrong]))
        print("| name | safeguard | test | red after s | verdict |\n|---|---|---|---|---|")
        verdicts = []
        for each in mutations:
            verdicts.append(judged(tree, each))
            print(row(verdicts[-1]), flush=True)
        return verdicts


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mutations", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument(
        "--list", action="store_true", help="print the table of the documentation and do nothing"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    mutations = chosen(arguments.names)
    if arguments.list:
        print(table(mutations), end="")
        return 0
    began = time.monotonic()
    verdicts = prove(mutations)
    red = [each for each in verdicts if each.verdict == RED]
    print(f"\n{len(red)} of {len(verdicts)} noticed, {time.monotonic() - began:.0f} s")
    if arguments.json:
        facts = [asdict(each) for each in verdicts]
        arguments.json.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return 0 if len(red) == len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
