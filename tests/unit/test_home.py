"""The folder of an instance: where what it publishes is reached."""

from pathlib import Path

import pytest

from coreskills.stack.home import Home


@pytest.mark.parametrize(
    ("instance", "host"),
    [
        ({}, "127.0.0.1"),
        ({"bind": "127.0.0.1"}, "127.0.0.1"),
        ({"bind": "192.0.2.10"}, "192.0.2.10"),
        ({"bind": "0.0.0.0"}, "127.0.0.1"),
        ({"bind": "::"}, "127.0.0.1"),
        ({"bind": "2001:db8::7"}, "[2001:db8::7]"),
    ],
)
def test_what_is_published_at_one_address_is_asked_there(tmp_path: Path, instance, host):
    home = Home(tmp_path / "home")
    home.create(None)
    home.save_instance(instance)
    assert home.host == host
