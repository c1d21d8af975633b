"""Admission: a place for each thread but one, a short wait for it, then a quick no."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from coreskills.api.admission import REFUSED, Admission

PATIENCE = 0.2


class App:
    """Holds every request to /slow until it is told."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.inside = threading.Semaphore(0)

    def __call__(self, environ, start_response):
        if environ.get(REFUSED):
            return [b"refused"]
        if environ["PATH_INFO"] == "/broken":
            raise RuntimeError("a bug")
        if environ["PATH_INFO"] == "/slow":
            self.inside.release()
            assert self.released.wait(10)
        return [b"done"]


@pytest.fixture
def app():
    return App()


@pytest.fixture
def threads(app):
    with ThreadPoolExecutor(8) as pool:
        yield pool
        app.released.set()  # before their end is waited for


def ask(admission, path="/"):
    return b"".join(admission({"PATH_INFO": path}, None))


def occupied(app, threads, *, of=4):
    """An admission all of whose places are taken by slow requests, and their answers to come."""
    admission = Admission(app, threads=of, patience=PATIENCE)
    slow = [threads.submit(ask, admission, "/slow") for _ in range(of - 1)]
    for _ in slow:
        assert app.inside.acquire(timeout=5)
    return admission, slow


def test_one_thread_fewer_works_than_there_are(app, threads):
    admission, _ = occupied(app, threads, of=4)
    assert ask(admission) == b"refused"


def test_whoever_comes_waits_a_while_and_gets_the_place_that_becomes_free(app, threads):
    admission, slow = occupied(app, threads)
    waiting = threads.submit(ask, admission)
    time.sleep(PATIENCE / 4)
    app.released.set()
    assert waiting.result(5) == b"done"
    assert [each.result(5) for each in slow] == [b"done"] * 3


def test_after_one_has_waited_in_vain_the_others_hear_so_at_once(app, threads):
    admission, _ = occupied(app, threads)
    began = time.monotonic()
    assert [ask(admission) for _ in range(20)] == [b"refused"] * 20
    assert PATIENCE <= time.monotonic() - began < PATIENCE * 2


def test_once_somebody_is_done_one_may_wait_again(app, threads):
    admission, slow = occupied(app, threads)
    assert ask(admission) == b"refused"
    app.released.set()
    for each in slow:
        each.result(5)
    assert ask(admission) == b"done"


def test_one_who_was_done_late_makes_nobody_wait_in_vain_again(app, threads):
    """Or the last thread would wait all the time, and a scrape behind it, while a server hangs."""
    admission, slow = occupied(app, threads)
    assert ask(admission) == b"refused"
    app.released.set()
    for each in slow:
        each.result(5)
    app.released.clear()
    for _ in slow:
        threads.submit(ask, admission, "/slow")
        assert app.inside.acquire(timeout=5)
    began = time.monotonic()
    assert ask(admission) == b"refused"
    assert time.monotonic() - began < PATIENCE / 2


@pytest.mark.parametrize("path", ["/health/live", "/metrics"])
def test_whether_we_are_alive_and_what_is_wrong_is_told_without_a_place(app, threads, path):
    admission, _ = occupied(app, threads)
    assert ask(admission, path) == b"done"


def test_a_request_that_breaks_gives_its_place_back(app):
    admission = Admission(app, threads=2, patience=PATIENCE)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            ask(admission, "/broken")
    assert ask(admission) == b"done"


def test_with_a_single_thread_it_still_works(app):
    assert ask(Admission(app, threads=1, patience=PATIENCE)) == b"done"
