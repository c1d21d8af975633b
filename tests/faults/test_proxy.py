"""Every mode of the proxy, against the real servers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from coreskills.store import roles
from tests.faults.lab import Lab
from tests.faults.programs import until
from tests.faults.proxy import Proxy

pytestmark = pytest.mark.e2e


@pytest.fixture
def way(lab: Lab) -> Iterator[Proxy]:
    """To PostgreSQL."""
    with Proxy(lab.postgres.port) as proxy:
        yield proxy


@contextmanager
def connected(lab: Lab, way: Proxy) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    address = lab.postgres.url(roles.API, way.port)
    with psycopg.connect(address, autocommit=True, connect_timeout=3) as conn:
        yield conn


@contextmanager
def client(lab: Lab, way: Proxy, timeout: float = 0.5) -> Iterator[redis.Redis]:
    never = Retry(NoBackoff(), 0)
    address = lab.redis.url(way.port)
    with redis.Redis.from_url(address, socket_timeout=timeout, retry=never) as made:
        yield made


def test_what_comes_in_goes_out(lab: Lab, way: Proxy):
    with connected(lab, way) as conn:
        large = conn.execute("SELECT repeat('x', 3000000)").fetchone()
    assert large == ("x" * 3_000_000,)
    until(lambda: way.connections == 0, 5)


def test_a_refusing_proxy_takes_no_new_connection_and_keeps_the_old(lab: Lab, way: Proxy):
    with connected(lab, way) as conn:
        way.refuse()
        with pytest.raises(psycopg.OperationalError, match="refused"), connected(lab, way):
            pass
        assert conn.execute("SELECT 1").fetchone() == (1,)
    way.heal()
    with connected(lab, way) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)


def test_dropped_connections_are_reset_and_new_ones_come(lab: Lab, way: Proxy):
    with connected(lab, way) as conn:
        way.drop()
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT 1")
    with connected(lab, way) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)


def test_in_a_black_hole_nobody_answers_and_nothing_closes(lab: Lab):
    with Proxy(lab.redis.port) as way, client(lab, way) as old, client(lab, way) as new:
        old.ping()
        way.black_hole()
        for each in (old, new):
            with pytest.raises(redis.TimeoutError):
                each.ping()
        way.heal()
        assert old.ping()
        assert new.ping()


def test_a_stranded_connection_is_half_open_while_new_ones_work(lab: Lab):
    with Proxy(lab.redis.port) as way, client(lab, way) as old, client(lab, way) as new:
        old.ping()
        way.strand()
        assert new.ping()
        with pytest.raises(redis.TimeoutError):
            old.ping()
        assert old.ping()  # over a new connection


def test_what_is_stalled_arrives_late(lab: Lab):
    with Proxy(lab.redis.port) as way, client(lab, way, 5) as made:
        made.ping()
        way.stall()
        connection = made.connection_pool.get_connection()
        connection.send_command("INCR", "stalled")
        time.sleep(0.2)
        assert not connection.can_read(0)
        way.heal()
        assert connection.read_response() == 1
        made.connection_pool.release(connection)


def test_a_delay_slows_each_direction(lab: Lab):
    with Proxy(lab.redis.port) as way, client(lab, way, 5) as made:
        made.ping()
        way.delay(0.2)
        began = time.monotonic()
        made.ping()
        assert 0.4 <= time.monotonic() - began < 2


def test_a_commit_whose_answer_is_cut_off_took_effect(lab: Lab, way: Proxy):
    lab.ask("CREATE TABLE IF NOT EXISTS cut_here (n integer)")
    lab.ask(f"GRANT INSERT ON cut_here TO {roles.API}")
    cut = way.cut_before_reply(b"COMMIT", until=b"COMMIT")
    with connected(lab, way) as conn:
        with pytest.raises(psycopg.OperationalError), conn.transaction():
            conn.execute("INSERT INTO cut_here VALUES (1)")
        cut.wait()
    assert lab.ask("SELECT count(*) FROM cut_here") == [(1,)]
    lab.ask("DROP TABLE cut_here")


def test_a_redis_command_whose_answer_is_cut_off_took_effect_once(lab: Lab):
    with Proxy(lab.redis.port) as way, client(lab, way) as made:
        cut = way.cut_before_reply(b"INCR")
        with pytest.raises(redis.ConnectionError):
            made.incr("cut")
        cut.wait()
    with lab.redis.client() as direct:
        assert direct.get("cut") == "1"


def test_only_one_connection_is_cut(lab: Lab, way: Proxy):
    way.cut_before_reply(b"COMMIT")
    with pytest.raises(psycopg.OperationalError), connected(lab, way) as conn, conn.transaction():
        conn.execute("SELECT 1")
    with connected(lab, way) as conn, conn.transaction():
        assert conn.execute("SELECT 1").fetchone() == (1,)


def test_what_went_through_before_is_not_cut(lab: Lab, way: Proxy):
    with connected(lab, way) as conn:
        with conn.transaction():
            conn.execute("SELECT 1")
        cut = way.cut_before_reply(b"COMMIT")
        assert conn.execute("SELECT 2").fetchone() == (2,)
        assert not cut.happened()
        way.heal()
