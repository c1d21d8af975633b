"""Probes in turn: who needs what does not answer is not asked."""

import json
from dataclasses import asdict

from coreskills.errors import Unavailable
from coreskills.health.probe import CannotTell, Finding, Probe, Result, in_turn
from coreskills.health.probes import api, jobs, postgres, redis
from coreskills.stack import data_probe


def unreachable(*_: object) -> Finding:
    raise Unavailable("it does not answer")


def answering() -> Finding:
    return Finding("well")


def asked_too_often() -> Finding:
    raise AssertionError("nobody should have asked")


def by_id(probes: list[Probe], *known: Result) -> dict[str, Result]:
    return {result.id: result for result in in_turn(probes, known)}


def test_who_needs_a_server_that_does_not_answer_is_not_asked_and_says_why():
    server = Probe("server.answers", "It answers", unreachable, "start it")
    user = Probe("server.used", "It is used", asked_too_often, "-", ("server.answers",))
    found = by_id([server, user])
    assert found["server.answers"].verdict == "failed"
    assert found["server.used"].verdict == "not_run"
    assert found["server.used"].because == "server.answers"
    assert found["server.used"].why == "server.answers failed: it does not answer"
    assert found["server.used"].fix == "start it"


def test_a_failure_that_was_found_elsewhere_counts_too():
    failed = Probe("server.answers", "It answers", unreachable, "start it").run()
    user = Probe("server.used", "It is used", asked_too_often, "-", ("server.answers",))
    assert by_id([user], failed)["server.used"].because == "server.answers"


def test_who_needs_what_answers_or_is_not_part_of_the_instance_is_asked():
    def absent() -> Finding:
        raise CannotTell("it is not part of this instance")

    servers = [
        Probe("one.answers", "One", answering, "-"),
        Probe("two.answers", "Two", absent, "-"),
    ]
    user = Probe("used", "Used", answering, "-", ("one.answers", "two.answers", "three.answers"))
    found = by_id([*servers, user])
    assert (found["used"].verdict, found["used"].because) == ("ok", "")


class Away:
    """A database, a queue and an API of which nothing answers. Counts who asked."""

    def __init__(self) -> None:
        self.asked = 0

    def _refuse(self, *_: object) -> Finding:
        self.asked += 1
        raise Unavailable("it does not answer")

    reading = ping = fetch = round_trip = _refuse


def test_each_server_that_is_away_is_asked_once_and_is_all_that_failed():
    away = Away()
    found = by_id(
        [
            *postgres.probes(away),
            *redis.probes(away),
            *api.probes(away.fetch, away.round_trip),
            *jobs.probes(away),
        ]
    )
    failed = [result.id for result in found.values() if result.verdict == "failed"]
    assert failed == ["postgres.answers", "redis.answers", "api.live"]
    assert {result.verdict for result in found.values()} == {"failed", "not_run"}
    assert away.asked == 3


def test_an_answer_from_a_container_keeps_why_it_was_not_run():
    away = Away()
    written = json.dumps([asdict(result) for result in in_turn(postgres.probes(away))])
    assert {result.because for result in data_probe.told(written)[1:]} == {"postgres.answers"}
