"""The cases that every engine must answer alike. What is in them: README.md beside this file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Vector:
    name: str
    command: str
    parameters: dict[str, Any]
    context: dict[str, Any]
    output: dict[str, Any] | None
    error: str | None


def vectors() -> list[Vector]:
    return [vector for path in sorted(FOLDER.glob("*.json")) for vector in _of(path)]


def _of(path: Path) -> list[Vector]:
    document = json.loads(path.read_text(encoding="utf-8"))
    found = []
    for case in document["cases"]:
        context = {**document["context"], **case["context"]}
        for name in case.get("without", ()):
            del context[name]
        found.append(
            Vector(
                case["name"],
                case["command"],
                case["parameters"],
                context,
                case.get("output"),
                case.get("error"),
            )
        )
    return found
