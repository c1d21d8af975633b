"""Ports for servers that are started again and again."""

import random
import socket

LOWEST, HIGHEST = 12_000, 32_000  # below where the system picks the source ports of connections


def free_port() -> int:
    """One that no outgoing connection takes while its server is down."""
    while True:
        port = random.SystemRandom().randint(LOWEST, HIGHEST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
