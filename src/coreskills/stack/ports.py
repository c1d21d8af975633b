"""Which port each service has: the known one, or with --port-base one after the other; a busy one
is replaced by a free one. What was chosen is saved, and is what is printed, opened and exported."""

import socket

from coreskills.stack.services import PORTS

WORKERS = 9101  # of the first worker, where it is scraped; the others have the next ones


def wanted(saved: dict[str, int], base: int | None, names: list[str]) -> dict[str, int]:
    """From `base` on if given, else the saved port, else the known one."""
    return {
        name: base + offset if base else saved.get(name) or _known(name)
        for offset, name in enumerate(names)
    }


def _known(name: str) -> int:
    service, _, number = name.partition("-")
    return WORKERS + int(number or 1) - 1 if service == "worker" else PORTS[name]


def choose(wanted: dict[str, int]) -> dict[str, int]:
    """The wanted port of each name as far as it is free."""
    chosen: dict[str, int] = {}
    for name, port in wanted.items():
        taken = set(chosen.values())
        chosen[name] = port if port not in taken and is_free(port) else _any_free(taken)
    return chosen


def is_free(port: int) -> bool:
    """Whether we could listen there: on loopback, and so would a server that binds everything."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0")):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return not answers(port)


def answers(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _any_free(taken: set[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port
