"""What a bearer token must be: every forged, old, foreign or broken one is a 401."""

import base64
import hashlib
import hmac
import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from tests.apps import bearer
from tests.people import GRACE, PASSWORD
from tests.problems import contents, refused

ME = "/api/v1/auth/me"
HEADER = {"alg": "EdDSA", "typ": "at+jwt"}


@pytest.fixture
def grant(client):
    """What Grace gets for her password."""
    answer = client.as_(None).post(
        "/api/v1/auth/login", json={"username": GRACE, "password": PASSWORD}
    )
    assert answer.status_code == 200, answer.text
    return answer.json


def part(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def signed(header, claims, sign):
    text = part(header) + b"." + part(claims)
    return (text + b"." + part(sign(text))).decode()


def claims_of(token):
    middle = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


def without(claims, name):
    return {key: value for key, value in claims.items() if key != name}


def test_the_token_of_a_login_says_who_and_nothing_secret(client, grant):
    claims = claims_of(grant["access_token"])
    assert set(claims) == {"iss", "aud", "sub", "iat", "nbf", "exp", "jti"}
    assert claims["exp"] - claims["iat"] == grant["expires_in"] == 600
    answer = client.as_(None).get(ME, headers=bearer(grant["access_token"]))
    assert answer.json == {"name": GRACE, "role": "admin"}


def test_a_token_made_here_by_the_same_rules_is_good(client, grant, jwt_key):
    """Without this, every attack below could fail for a fault of the test."""
    sign = load_pem_private_key(jwt_key.encode(), None).sign
    token = signed(HEADER, claims_of(grant["access_token"]), sign)
    assert client.as_(None).get(ME, headers=bearer(token)).status_code == 200


def test_no_forged_old_foreign_or_broken_token_gets_in(client, grant, jwt_key, site):
    before = contents(site)
    for why, token in attacks(grant, jwt_key).items():
        answer = client.as_(None).get(ME, headers=bearer(token))
        assert answer.status_code == 401, (why, answer.status_code, answer.text)
        problem = refused(answer, 401, "unauthenticated")
        assert token not in problem["detail"], why
        assert answer.headers["WWW-Authenticate"], why
    assert contents(site) == before


def attacks(grant, jwt_key):
    good = grant["access_token"]
    claims, now = claims_of(good), int(time.time())
    key = load_pem_private_key(jwt_key.encode(), None)
    stranger = Ed25519PrivateKey.generate()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    head, body, signature = good.split(".")
    none = part(HEADER | {"alg": "none"}).decode()
    exchanged = part(claims | {"sub": "1", "jti": "x"}).decode()

    def ours(changed, header=HEADER):
        return signed(header, changed, key.sign)

    def hs256(secret):
        header = HEADER | {"alg": "HS256"}
        return signed(header, claims, lambda text: hmac.digest(secret, text, hashlib.sha256))

    return {
        "alg none": signed(HEADER | {"alg": "none"}, claims, lambda _: b""),
        "alg None": signed(HEADER | {"alg": "None"}, claims, lambda _: b""),
        "alg none, no signature part": f"{none}.{body}.",
        "alg none with a good signature": f"{none}.{body}.{signature}",
        "no alg": signed({"typ": "at+jwt"}, claims, key.sign),
        "alg of a number": signed(HEADER | {"alg": 1}, claims, key.sign),
        "HS256 with the public key as PEM": hs256(pem),
        "HS256 with the public key as bytes": hs256(raw),
        "HS256 with an empty key": hs256(b""),
        "ES256 over our signature": ours(claims, HEADER | {"alg": "ES256"}),
        "another key": signed(HEADER, claims, stranger.sign),
        "another key that names itself": signed(
            HEADER | {"kid": "../../dev/null", "jku": "http://127.0.0.1:1/"},
            claims,
            stranger.sign,
        ),
        "another key in the header": signed(
            HEADER
            | {
                "jwk": {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "x": part(
                        stranger.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
                    ).decode(),
                }
            },
            claims,
            stranger.sign,
        ),
        "a kid that is no text": ours(claims, HEADER | {"kid": [1]}),
        "typ JWT": ours(claims, HEADER | {"typ": "JWT"}),
        "no typ": ours(claims, {"alg": "EdDSA"}),
        "another issuer": ours(claims | {"iss": "elsewhere"}),
        "another audience": ours(claims | {"aud": "elsewhere"}),
        "a list of other audiences": ours(claims | {"aud": ["a", "b"]}),
        "expired": ours(claims | {"exp": now - 60}),
        "expired in 1970": ours(claims | {"exp": 0}),
        "not yet valid": ours(claims | {"nbf": now + 60}),
        "issued tomorrow": ours(claims | {"iat": now + 86_400}),
        "exp of text": ours(claims | {"exp": "never"}),
        "exp of null": ours(claims | {"exp": None}),
        **{f"no {name}": ours(without(claims, name)) for name in claims},
        "sub of no session": ours(claims | {"sub": "777"}),
        "sub of 0": ours(claims | {"sub": "0"}),
        "sub below zero": ours(claims | {"sub": "-1"}),
        "sub of text": ours(claims | {"sub": "grace"}),
        "sub of a number": ours(claims | {"sub": 1}),
        "sub beyond 64 bits": ours(claims | {"sub": "9" * 400}),
        "sub too long to count": ours(claims | {"sub": "9" * 2500}),
        "claims of a list": ours([claims]),
        "claims of no JSON": ours(b"{"),
        "claims of deep lists": ours(b'{"sub":' + b"[" * 1400 + b"]" * 1400 + b"}"),
        "a header of deep lists": signed(
            b'{"typ":' + b"[" * 1400 + b"]" * 1400 + b"}", b"", lambda _: b""
        ),
        "a header of a list": signed([HEADER], claims, key.sign),
        "a header in Latin-1": signed(b'{"alg":"\xe9"}', claims, key.sign),
        "claims exchanged": f"{head}.{exchanged}.{signature}",
        "cut short": good[:-1],
        "without its signature": f"{head}.{body}",
        "an empty signature": f"{head}.{body}.",
        "two dots": "..",
        "four parts": good + ".x",
        "a blank inside": good[:50] + " " + good[50:],
        "100 kB": good + "A" * 100_000,
        "100 kB of nothing": "A" * 100_000,
        "the refresh token": grant["refresh_token"],
        "a personal token of nobody": "cs_" + "A" * 43,
        "a personal token with a space": "cs_ ",
        "a quote": "' OR 1=1 --",
    }


def test_only_the_scheme_bearer_is_taken_in_any_case(client, grant):
    nobody = client.as_(None)
    for value in ("Basic Z3JhY2U6eA==", "Bearer", "Bearer ", grant["access_token"], "Token x"):
        refused(nobody.get(ME, headers={"Authorization": value}), 401, "unauthenticated")
    answer = nobody.get(ME, headers={"Authorization": f"bEaReR {grant['access_token']}"})
    assert answer.status_code == 200


def test_a_token_in_the_query_string_is_no_token(client, grant):
    refused(
        client.as_(None).get(f"{ME}?access_token={grant['access_token']}"), 401, "unauthenticated"
    )
