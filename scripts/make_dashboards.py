#!/usr/bin/env python3
"""Writes observability/grafana/dashboards/ from scripts/dashboards/. `--check` only compares."""

import argparse
import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import command_center, devices, identity, jobs, postgresql, redis, slo
from dashboards.board import Board, build

FOLDER = Path(__file__).resolve().parents[1] / "observability" / "grafana" / "dashboards"
BOARDS = [
    module.BOARD for module in (command_center, jobs, identity, devices, slo, postgresql, redis)
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    pages = {f"{board.name}.json": page(board) for board in BOARDS}
    stale = [path for path in FOLDER.glob("*.json") if path.name not in pages]
    names = [path.name for path in stale]
    for name, text in pages.items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            names.append(name)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
    for path in [] if check else stale:
        path.unlink()
    if names:
        print(("stale: " if check else "written: ") + ", ".join(names), file=sys.stderr)
    return 1 if names and check else 0


def page(board: Board) -> str:
    return json.dumps(build(board), cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
