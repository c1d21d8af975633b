"""The dashboards as they are committed, and what a panel of theirs asks."""

import json
from pathlib import Path

from scripts.ask_panels import SHOWN, shown
from tests.dashboard_rules import Json, targets

FOLDER = Path(__file__).parents[1] / "observability" / "grafana"
FILES = sorted((FOLDER / "dashboards").glob("*.json"))
BOARDS: dict[str, Json] = {path.stem: json.loads(path.read_text("utf-8")) for path in FILES}


def asked(board: str, panel: str, legend: str = "", interval: str = "15s") -> str:
    """The query behind a panel; of one with several, that with this legend."""
    (found,) = [
        target["expr"]
        for each, target in targets(BOARDS[board])
        if each["title"] == panel and legend in ("", target["legendFormat"])
    ]
    return shown(found, SHOWN | {"$__rate_interval": interval})
