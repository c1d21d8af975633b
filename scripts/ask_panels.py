#!/usr/bin/env python3
"""Puts the queries of a dashboard to Prometheus, for those who have no Grafana."""

import argparse
import json
import os
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "observability" / "grafana" / "dashboards"
# What Grafana puts in place of its variables; `$job` and `$instance` as when all are chosen.
SHOWN = {"$__rate_interval": "1m", "$__range": "1h", "$job": ".+", "$instance": ".+"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("board", choices=sorted(path.stem for path in FOLDER.glob("*.json")))
    parser.add_argument("panel", nargs="?", default="", help="the beginning of its title")
    parser.add_argument(
        "--url",
        default=os.environ.get("PROMETHEUS", "http://127.0.0.1:9090"),
        help="of Prometheus (or PROMETHEUS)",
    )
    words = parser.parse_args()
    board = json.loads((FOLDER / f"{words.board}.json").read_text(encoding="utf-8"))
    panels = [p for p in board["panels"] if p.get("targets")]
    wanted = [panel for panel in panels if panel["title"].startswith(words.panel)]
    if not wanted:
        titles = ", ".join(panel["title"] for panel in panels)
        parser.error(f"no panel's title begins with {words.panel!r}; there are: {titles}")
    try:
        for panel in wanted:
            for target in panel["targets"]:
                print(f"{panel['title']}: {target['legendFormat']}")
                for answer in list(asked(words.url, shown(target["expr"]))) or ["no data"]:
                    print(f"  {answer}")
    except (OSError, ValueError) as exc:  # refused, too slow, or somebody else
        print(
            f"No Prometheus answers at {words.url}: {exc}; see ./coreskills status", file=sys.stderr
        )
        return 1
    return 0


def shown(query: str, values: dict[str, str] = SHOWN) -> str:
    """As Grafana sends it."""
    for name, value in values.items():
        query = query.replace(name, value)
    return query


def asked(url: str, query: str) -> Iterator[str]:
    address = f"{url}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        found = json.load(answer)
    for series in found["data"]["result"]:
        labels = [f"{k}={v}" for k, v in series["metric"].items() if k != "__name__"]
        yield f"{float(series['value'][1]):10.4g}  {' '.join(labels)}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
