import threading
from functools import partial

import pytest
import structlog
from typer.testing import CliRunner
from werkzeug.serving import make_server

from coreskills.stack.home import Home
from coreskills.telemetry import logs
from tests.people import GRACE
from tests.pipeline import ask, polling_worker, run_out, running
from tests.school import School


@pytest.fixture
def no_schedules(site):
    """Nothing is queued but what the test asks for."""
    ask(site, "UPDATE schedules SET enabled = false")


@pytest.fixture
def work(no_schedules, worker_db, settings):
    """Does everything there is, now."""
    return partial(run_out, polling_worker(worker_db, settings))


@pytest.fixture
def school(no_schedules, site, client, worker_db, settings):
    """With a worker that does what it is told."""
    return School(site, client, polling_worker(worker_db, settings))


@pytest.fixture
def told(capfd):
    """What has been logged, or printed, since it was last called, line by line."""

    def lines() -> list[str]:
        structlog.get_logger().info("end")  # takes along the lines that wait
        *lines, _ = "".join(capfd.readouterr()).splitlines()
        return lines

    logs.configure("test", "info", "json")
    yield lines
    logs.configure("test", "error", "json")


@pytest.fixture
def verb(no_schedules, client, worker_db, settings, tmp_path):
    """A verb, against a served API and a worker; returns what typer's runner says."""
    logs.configure("test", "error", "json")  # stdout is the command's
    server = make_server("127.0.0.1", 0, client.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    home = Home(tmp_path)
    (tmp_path / "secrets").mkdir()
    home.save_instance({"ports": {"api": server.server_port}})
    home.secret_file("operator_token", client.tokens[GRACE])
    with running(polling_worker(worker_db, settings)):
        yield lambda app, *words: CliRunner().invoke(app, [*words, "--home", str(tmp_path)])
    server.shutdown()
    thread.join()
    server.server_close()
