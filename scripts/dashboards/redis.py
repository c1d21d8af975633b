"""Redis or Valkey: memory, clients, and the queue in it."""

from .board import Board
from .panels import About, Line, light, lines, number
from .queries import of, rate, total

HITS, MISSES = rate("redis_keyspace_hits_total"), rate("redis_keyspace_misses_total")

NOW = [
    light(
        About("Redis", "Whether it answered at the last scrape.", width=4, height=6),
        f"min({of('redis_up')})",
    ),
    number(
        About("Running for", "Since the server was started.", unit="s", width=4, height=6),
        f"max({of('redis_uptime_in_seconds')})",
    ),
    number(
        About(
            "Queue",
            "Entries of the stream: told to workers, and not acknowledged by them.",
            width=4,
            height=6,
            limits=(100, 1000),
        ),
        total("coreskills_queue_depth"),
    ),
    number(
        About("Keys", "Keys in all databases.", width=4, height=6),
        total("redis_db_keys"),
    ),
    number(
        About(
            "Evicted",
            "Keys a second that were dropped for want of memory. Always 0: a queue that forgets "
            "is slow.",
            unit="ops",
            width=4,
            height=6,
            limits=(0.001, 1),
        ),
        rate("redis_evicted_keys_total"),
    ),
    number(
        About("Clients", "Programs that are connected.", width=4, height=6, limits=(500, 5000)),
        total("redis_connected_clients"),
    ),
]
WORK = [
    lines(
        About("Commands", "Commands a second.", unit="ops"),
        Line(rate("redis_commands_processed_total"), "commands"),
    ),
    lines(
        About("Memory", "What the data needs, and what it may; no limit is shown as 0.", "bytes"),
        Line(total("redis_memory_used_bytes"), "used"),
        Line(total("redis_memory_max_bytes"), "may be used"),
    ),
    lines(
        About(
            "Look-ups",
            "Look-ups a second that found their key, and those that found nothing.",
            unit="ops",
        ),
        Line(HITS, "found"),
        Line(MISSES, "not found"),
    ),
    lines(
        About("Queue over time", "Entries of the stream, and clients that may take them."),
        Line(total("coreskills_queue_depth"), "entries"),
        Line(total("redis_connected_clients"), "clients"),
    ),
]

BOARD = Board(
    "redis",
    "CoreSkills Redis",
    "Redis or Valkey: memory, clients, and the queue in it.",
    [("Now", NOW), ("Work", WORK)],
)
