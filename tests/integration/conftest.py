import pytest

from tests.pipeline import ask, polling_worker
from tests.school import School


@pytest.fixture
def school(site, client, worker_db, settings):
    """With a worker that does what it is told, and no schedules that get in between."""
    ask(site, "UPDATE schedules SET enabled = false")
    return School(site, client, polling_worker(worker_db, settings))
