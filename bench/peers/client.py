"""Hands in jobs of one system, and prints when as JSON.

python client.py MODULE many COUNT             # all at once
python client.py MODULE paced COUNT RATE       # one by one, so many a second
python client.py coreskills_jobs students COUNT
"""

import json
import sys
import time
from importlib import import_module
from typing import Any

WARM_UP = 10  # jobs handed in one by one first: connections, scripts, prepared statements


def main() -> None:
    name, verb, count, *more = sys.argv[1:]
    module = import_module(name)
    client = module.Client() if hasattr(module, "Client") else module
    verbs: dict[str, Any] = {"many": _many, "paced": _paced, "students": _students}
    print(json.dumps(verbs[verb](client, int(count), *map(float, more))))


def _many(client: Any, count: int) -> dict[str, float]:
    for number in range(WARM_UP):
        client.enqueue(number, 0.0)
    began = time.perf_counter()
    client.enqueue_many(range(WARM_UP, count))
    return {"jobs": count - WARM_UP, "seconds": time.perf_counter() - began}


def _students(client: Any, count: int) -> dict[str, float]:
    began = time.perf_counter()
    client.enqueue_students(range(count))
    return {"jobs": count, "seconds": time.perf_counter() - began}


def _paced(client: Any, count: int, rate: float) -> dict[str, float]:
    """Each job carries when its call began. `late_ms`: how far the client fell behind at worst."""
    began, late = time.perf_counter(), 0.0
    for number in range(count):
        due = began + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        late = max(late, time.perf_counter() - due)
        client.enqueue(number, time.time())
    return {"jobs": count, "seconds": time.perf_counter() - began, "late_ms": late * 1000}


if __name__ == "__main__":
    main()
