"""What is asked of PostgreSQL and Redis by a program beside them, since containers publish neither.

python -m coreskills.stack.data_probe      in the container of the API; one JSON list
"""

import json
import sys
from dataclasses import asdict

from coreskills import config
from coreskills.broker import streams
from coreskills.health.probe import Result, in_turn
from coreskills.health.probes import jobs, postgres, redis
from coreskills.store.db import Database


def main() -> None:
    settings = config.load()
    db = Database(settings, smallest=1, largest=1)
    queue = streams.connect(settings.redis_url)
    try:
        asked = [*postgres.probes(db), *redis.probes(queue), *jobs.probes(db)]
        sys.stdout.write(json.dumps([asdict(result) for result in in_turn(asked)]))
    finally:
        db.close()


def told(text: str) -> list[Result]:
    """What `main` has written. Raises ValueError for anything else."""
    return [Result(**row) for row in json.loads(text)]


if __name__ == "__main__":
    main()
