"""Secrets do not get into a log, whoever put them into a line."""

import json
import logging
import string
import time

import pytest
import structlog
from hypothesis import assume, given
from hypothesis import strategies as st

from coreskills.actions.tokens import new_token
from coreskills.api.requests import request_id
from coreskills.stack.home import new_key
from coreskills.telemetry import logs
from coreskills.telemetry.redaction import REDACTED, redacted, redacted_text

SECRETS = st.text(string.ascii_letters + string.digits + "-_.~+/", min_size=12, max_size=60)
AROUND = st.text(string.ascii_letters + " .,;:=()[]\n\t", max_size=30)
WAYS = [
    "Authorization: Bearer {}",
    "authorization=basic {}",
    "postgresql://coreskills_api:{}@127.0.0.1:5432/coreskills",
    "redis://default:{}@127.0.0.1:6379/0",
    "redis://:{}@127.0.0.1",
    "host=127.0.0.1 password={} dbname=coreskills",
    "password='{}' user=grace",
    '{{"password": "{}"}}',
    "?token={}&limit=5",
    "api_key: {}",
]
NAMES = ["password", "PGPASSWORD", "Authorization", "Cookie", "access_token", "jwt_key", "secret"]


@given(SECRETS, AROUND, st.sampled_from(WAYS))
def test_no_secret_survives_in_a_text_that_shows_it_as_one(secret, around, way):
    assume(secret not in around + way)
    assert secret not in redacted_text(f"{around} {way.format(secret)} {around}")


@given(SECRETS, st.sampled_from(NAMES), st.integers(0, 3))
def test_what_is_named_like_a_secret_is_one_however_deep_it_lies(secret, name, depth):
    value = {name: [secret]}
    for _ in range(depth):
        value = {"inside": [value]}
    assert secret not in json.dumps(redacted(value))


@pytest.mark.parametrize("n", range(20))
def test_our_tokens_are_known_wherever_they_stand(n):
    token = new_token()
    assert redacted_text(f"looked for {token}, found none") == f"looked for {REDACTED}, found none"
    assert request_id(token) != token


def test_keys_and_signed_tokens_are_known_wherever_they_stand():
    key, signed = new_key(), "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJncmFjZSJ9.c2lnbmF0dXJl"
    assert redacted_text(f"key {key}") == f"key {REDACTED}\n"
    assert redacted_text(f"got {signed}.") == f"got {REDACTED}."


@given(st.text(string.ascii_letters + string.digits + " _-/.,", max_size=60))
def test_other_text_stays_as_it_is(text):
    assert redacted({"path": text, "ms": 1.5, "ok": True, "none": None})["path"] == text


@pytest.mark.parametrize(
    "kept",
    ["/api/v1/tokens", "job_completed", "https://127.0.0.1:5000/docs", "3 tokens were revoked"],
)
def test_words_about_secrets_stay(kept):
    assert redacted_text(kept) == kept


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_line_is_written_without_its_secrets(capfd, style):
    token = new_token()
    logs.configure("test", "debug", style)
    try:
        raise ValueError(f"cannot connect to postgresql://api:{token}@host")
    except ValueError as exc:
        log = structlog.get_logger()
        log.error("failed", exc_info=exc, headers={"Authorization": token}, url=f"u:{token}")
    told = capfd.readouterr().err
    assert "cannot connect" in told
    assert token not in told
    assert token[:12] not in told


def test_what_a_library_says_is_a_line_like_ours(capfd):
    logs.configure("test", "info", "json")
    logging.getLogger("psycopg.pool").warning("error at postgresql://api:geheim@host")
    logging.getLogger("another").warning("nobody knows what %s is", "Lovelace")
    first, second = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert first["text"] == f"error at postgresql://{REDACTED}@host"
    assert (first["event"], first["level"], first["service"]) == ("library", "warning", "test")
    assert second["logger"] == "another"
    assert "Lovelace" not in str(second)


@pytest.mark.parametrize("text", ["a.", "-", "a+1."])
def test_a_long_line_from_outside_is_gone_through_once(text: str):
    began = time.monotonic()
    redacted_text("secret " + text * (200_000 // len(text)))
    assert time.monotonic() - began < 2.0


def test_an_address_is_found_whatever_its_scheme_stands_behind():
    for before in ("", "1", "see.", "url=", "("):
        assert redacted_text(f"{before}https://ann:geheim@host/") == (
            f"{before}https://[redacted]@host/"
        )
