"""What a container asks itself: python -m coreskills.stack.container_probe api|worker|receiver

Exit 1: its program does not work. No verb of the command line, since it is asked every half a
second while six containers start, and a verb has to import three times as much.
"""

import sys

from coreskills import config
from coreskills.health.probe import Probe
from coreskills.health.probes import program
from coreskills.stack.client import Client, Refused

WITHIN = 4.0  # seconds, less than the health check of a container may take


def main(name: str) -> int:
    result = _probe(name).run()
    sys.stdout.write(f"{result.verdict}: {result.measured} {result.why}".rstrip() + "\n")
    return 0 if result.verdict == "ok" else 1


def _probe(name: str) -> Probe:
    settings = config.load()
    if name == "worker":
        return program.worker(settings.pulse_file)
    if name == "receiver":
        return program.receiver(lambda path: _status(settings.receiver_port, path))
    return program.api(lambda path: _status(settings.api_port, path))


def _status(port: int, path: str) -> int:
    client = Client(f"http://127.0.0.1:{port}", timeout=WITHIN)
    try:
        return client.send("GET", path).status
    except Refused as exc:
        return exc.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
