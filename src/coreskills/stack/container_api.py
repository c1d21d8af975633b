"""What the container of the API runs: the server, in place of this process."""

import os

from coreskills import config
from coreskills.stack.programs import api_command


def main() -> None:
    settings = config.load()
    command = api_command(
        settings.api_port, settings.api_processes, settings.api_threads, settings.api_host
    )
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
