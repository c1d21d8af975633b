"""What is said during an installation, and the reading of pip's log."""

import re
import sys
from pathlib import Path
from typing import IO


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def read(log: Path) -> str:
    return log.read_text("utf-8", "replace") if log.exists() else ""


def packages(log: Path) -> list[str]:
    """The packages that pip installs; none as long as it only collects them."""
    said = re.search(r"^Installing collected packages: (.*)$", read(log), re.MULTILINE)
    return said.group(1).split(", ") if said else []


def doing(log: Path) -> str:
    if count := len(packages(log)):
        return f"installing {count} packages"
    return f"collecting packages ({read(log).count('Collecting ')} so far)"


class Progress:
    """One line, rewritten each second on a terminal, repeated every ten seconds elsewhere."""

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream
        self.live = stream.isatty()
        self.next = 0.0

    def show(self, text: str, seconds: float) -> None:
        if seconds < self.next:
            return
        self.next = seconds + (1 if self.live else 10)
        line = f"  {text} ... {seconds:.0f} s"
        self.stream.write(f"\r{line:<60}" if self.live else line + "\n")
        self.stream.flush()

    def end(self) -> None:
        if self.live:
            self.stream.write("\r" + " " * 60 + "\r")
