"""The docker command line. Every call has a deadline, and none goes through a shell."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from coreskills import config
from coreskills.errors import StackFailed

Report = Callable[[str], None]
ANSWER_WITHIN = 20.0  # seconds, for a question about what is there
TOLD_EVERY = 5.0
ERASE = "\x1b[2K"


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Docker:
    """`program` is the path of the executable."""

    program: str
    environment: dict[str, str]

    def ask(self, *words: str, within: float = ANSWER_WITHIN) -> Answer:
        """Raises StackFailed when no answer comes in time, or the program cannot be run."""
        try:
            done = subprocess.run(
                [self.program, *words],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=within,
            )
        except subprocess.TimeoutExpired as exc:
            raise _silent(words, within) from exc
        except OSError as exc:
            raise StackFailed(
                f"{self.program} cannot be run: {exc.strerror}",
                check="docker.program",
                fix="install Docker Engine or Docker Desktop, or use --mode native",
                exit_code=4,
            ) from exc
        return Answer(done.returncode, done.stdout.strip(), done.stderr.strip())

    def said(self, *words: str, within: float = ANSWER_WITHIN) -> str:
        """As `ask`; a refusal raises StackFailed, too."""
        answer = self.ask(*words, within=within)
        if answer.code:
            raise StackFailed(
                f"docker {' '.join(words[:2])} was refused: {last_line(answer.err or answer.out)}",
                check="docker.answers",
                fix="docker info; start the engine if that does not answer",
                exit_code=3,
            )
        return answer.out

    def lines(self, words: list[str]) -> Iterator[str]:
        """What it says on stdout, as it comes. Compose 2 erases lines that nobody has drawn."""
        with subprocess.Popen(
            [self.program, *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        ) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    yield line.rstrip("\n").replace(ERASE, "")
            finally:
                process.terminate()

    def begin(self, words: list[str], log: Path) -> subprocess.Popen[bytes]:
        """Something long. What it says is added to the end of the log."""
        with log.open("ab") as output:
            return subprocess.Popen(
                [self.program, *words],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def watched(self, words: list[str], log: Path, within: float, report: Report) -> int:
        """Something long to its end; the newest line of the log is told now and then."""
        process = self.begin(words, log)
        began = told = time.monotonic()
        try:
            while process.poll() is None:
                now = time.monotonic()
                if now > began + within:
                    raise _silent(tuple(words), within)
                if now > told + TOLD_EVERY:
                    told = now
                    report(f"  {last_line(log.read_text('utf-8', errors='replace'))[:90]}")
                time.sleep(0.1)
        finally:
            if process.poll() is None:
                process.terminate()
        return process.wait()


def find() -> Docker | None:
    """None where there is no docker command."""
    environment = config.for_docker()
    program = shutil.which("docker", path=environment.get("PATH"))
    return Docker(program, environment) if program else None


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "(it said nothing)"


def _silent(words: tuple[str, ...], within: float) -> StackFailed:
    return StackFailed(
        f"docker {' '.join(words[:2])} did not come to an end within {within:.0f} s",
        check="docker.answers",
        fix="docker info; then start the engine anew if that does not answer, either",
        exit_code=6,
    )
