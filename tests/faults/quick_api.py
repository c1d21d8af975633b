"""The API in a server that starts in a tenth of a second, for tests that kill it all the time."""

import os

from werkzeug.serving import make_server

from tests.faults.caller import Caller, NoAnswer
from tests.faults.lab import Lab
from tests.faults.programs import Fork, until
from tests.ports import free_port


def serve() -> None:
    from coreskills.server import wsgi

    server = make_server("127.0.0.1", int(os.environ["PORT"]), wsgi(), threaded=True)
    server.serve_forever()


class QuickApi(Fork):
    """The same application, with the same settings and servers, as the lab's own."""

    def __init__(self, lab: Lab) -> None:
        self.port = free_port()
        environment = lab.api.environment | {"PORT": str(self.port), "CORESKILLS_POOL_MIN": "1"}
        super().__init__("quick-api", lab.folder / "quick-api.log", serve, environment)
        self.caller = Caller(self.port, lab.token)

    def start(self) -> None:
        super().start()
        until(self.answers)

    def answers(self) -> bool:
        assert self.alive, f"the API ended with {self.exit_code}:\n{self.text()[-3000:]}"
        try:
            return self.caller.get("/healthz").status > 0
        except NoAnswer:
            return False
