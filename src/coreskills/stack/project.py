"""An instance as a project of Compose: its name, its settings, and how it is spoken to."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from coreskills.stack.docker import Docker
from coreskills.stack.home import Home

ROOT = Path(__file__).resolve().parents[3]
FILE, LOCK, SAVED = "compose.yaml", Path("deploy") / "images.lock", "compose.env"


@dataclass(frozen=True)
class Project:
    home: Home
    docker: Docker
    root: Path = ROOT

    @property
    def name(self) -> str:
        """Of this home alone: containers of others, or of another instance, never match."""
        place = str(self.home.path)
        label = re.sub(r"[^a-z0-9]+", "-", self.home.path.name.lower()).strip("-") or "instance"
        return f"coreskills-{label[:24]}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"

    @property
    def settings(self) -> Path:
        return self.home.path / SAVED

    @property
    def log(self) -> Path:
        return self.home.logs / "compose.log"

    def words(self, *arguments: str) -> list[str]:
        """A command of Compose on this project, whatever the folder and its .env file; stopped and
        erased is what belongs to a profile, too."""
        return [
            *("compose", "--project-name", self.name, "--project-directory", str(self.root)),
            *("--file", str(self.root / FILE), "--env-file", str(self.root / LOCK)),
            *(
                "--env-file",
                str(self.settings),
                "--profile",
                "*",
                "--progress",
                "plain",
                "--ansi",
                "never",
            ),
            *arguments,
        ]

    def saved(self) -> str:
        return self.settings.read_text(encoding="utf-8") if self.settings.exists() else ""

    def save(self, settings: dict[str, str]) -> None:
        """Quoted, so that Compose takes each value as it is."""
        lines = [f"{name}={_quoted(value)}\n" for name, value in settings.items()]
        partial = self.settings.with_suffix(".partial")
        partial.write_text("".join(lines), encoding="utf-8")
        partial.replace(self.settings)


def _quoted(value: str) -> str:
    if "'" not in value:
        return f"'{value}'"
    return '"' + re.sub(r'([\\"$])', r"\\\1", value) + '"'
