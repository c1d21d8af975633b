"""Commands that the tests of containers run, each with a deadline."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Failed(AssertionError):
    """A command that should have worked; says what it said last."""


def run(
    command: Sequence[str | Path],
    *,
    within: float = 300,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    code: int | None = 0,
) -> subprocess.CompletedProcess[str]:
    """`code`: the exit code it must have; None: any."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        timeout=within,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
    )
    if code is not None and done.returncode != code:
        said = (done.stdout + done.stderr)[-3000:]
        raise Failed(f"{' '.join(words)} ended with {done.returncode}:\n{said}")
    return done
