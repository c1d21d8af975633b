"""Which fault comes when. All of it follows from the seed, so that a run can be repeated."""

import random
from dataclasses import dataclass

# Lane: what may not be broken in two ways at once. Per kind: its weight, and how many seconds it
# lasts; 0: it is over at once, and mended by whoever restarts what has died.
LANES: dict[str, dict[str, tuple[int, float, float]]] = {
    "worker": {
        "kill_worker": (4, 0, 0),
        "pause_worker": (1, 3.0, 5.0),  # past its lease
        "suspend_worker": (2, 3.0, 4.5),  # the same, with jobs in its hands
        "replace_worker": (2, 0, 0),
        "worker_failpoint": (4, 0, 0),
        "poison": (1, 0, 0),
    },
    "api": {
        "kill_api_process": (2, 0, 0),
        "kill_api": (1, 0, 0),
        "api_failpoint": (3, 0, 0),
        "pause_api_process": (1, 0.5, 1.5),
    },
    "redis": {
        "kill_redis": (2, 0, 0),
        "empty_redis": (1, 0, 0),
        "pause_redis": (1, 1.0, 3.0),
        "stop_redis": (1, 3.0, 8.0),
        "flush_redis": (2, 0, 0),
        "delete_stream": (1, 0, 0),
        "destroy_group": (1, 0, 0),
        "trim_stream": (1, 0, 0),
        "refuse_redis_network": (1, 1.0, 4.0),
        "black_hole_redis": (1, 1.0, 4.0),
        "delay_redis": (1, 1.0, 3.0),
    },
    "postgres": {
        "kill_postgres": (1, 0, 0),
        "restart_postgres": (1, 0, 0),
        "pause_postgres": (1, 1.0, 3.0),
        "pause_backend": (1, 1.0, 3.0),
        "end_sessions": (2, 0, 0),
        "refuse_postgres_network": (1, 1.0, 3.0),
        "black_hole_postgres": (1, 1.0, 4.0),
        "delay_postgres": (1, 1.0, 3.0),
        "cut_commit": (3, 0, 0),
    },
    "clients": {
        "cancel_storm": (2, 0, 0),
    },
}
KINDS = {kind: lane for lane, kinds in LANES.items() for kind in kinds}


@dataclass(frozen=True)
class Fault:
    """`target` picks one of several equals: a worker, a backend, a failpoint."""

    at: float
    kind: str
    seconds: float
    target: int

    @property
    def lane(self) -> str:
        return KINDS[self.kind]


def schedule(seed: int, seconds: float, per_minute: float = 34) -> list[Fault]:
    """Evenly spread with jitter; every kind comes before the rarest comes again."""
    draw = random.Random(seed)
    faults: list[Fault] = []
    deck: list[str] = []
    gap, at = 60 / per_minute, 2.0
    while at < seconds:
        deck = deck or _deck(draw)
        faults.append(_fault(draw, round(at, 3), deck.pop()))
        at += gap * draw.uniform(0.5, 1.5)
    return faults


def _deck(draw: random.Random) -> list[str]:
    deck = [
        kind
        for kinds in LANES.values()
        for kind, (weight, _, _) in kinds.items()
        for _ in range(weight)
    ]
    draw.shuffle(deck)
    return deck


def _fault(draw: random.Random, at: float, kind: str) -> Fault:
    _, least, most = LANES[KINDS[kind]][kind]
    return Fault(at, kind, round(draw.uniform(least, most), 3), draw.randrange(1000))
