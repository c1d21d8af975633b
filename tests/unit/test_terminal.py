"""What others have written is shown, and does nothing."""

import socket
import threading
from pathlib import Path

import pytest

from coreskills.cli.main import _tell
from coreskills.cli.terminal import Progress, harmless, put, say, table
from coreskills.errors import AppError
from coreskills.stack import bundle_serving

STEERING = {
    "clears the screen": "\x1b[2J",
    "names the window": "\x1b]0;root\x07",
    "the same, in one byte": "\x9b2J",
    "goes back over what was written": "all is lost\rall is well",
    "deletes": "well\x08\x7f",
    "turns the order round": "\u202egpj.exe",
    "cannot be written": "\ud800",
}


@pytest.mark.parametrize("text", STEERING.values(), ids=STEERING)
def test_nothing_that_is_shown_steers_the_terminal(text: str, capsys: pytest.CaptureFixture[str]):
    say(text)
    put(text)
    table([{"name": text}], ["name"])
    _tell(AppError(text))
    out, err = capsys.readouterr()
    assert not set("\x1b\x07\x08\x7f\x9b\r\u202e") & set(out + err)
    assert out.count("?") >= 2
    assert err.count("?") >= 2


def test_lines_tabs_and_the_letters_of_all_languages_are_shown_as_they_are():
    text = "two\nlines,\ta tab, Zoë, 李, می\u200cخواهم, שלום"
    assert harmless(text) == text


def test_what_a_stranger_asks_a_served_bundle_for_does_not_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "SHA256SUMS").write_text("")
    server = bundle_serving.server(tmp_path, "127.0.0.1", 0, Progress())
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=5) as caller:
        caller.sendall(b"GET /\x1b]0;root\x07 HTTP/1.0\r\n\r\n")
        while caller.recv(4096):
            pass
    thread.join()
    server.server_close()
    told = capsys.readouterr().err
    assert '"GET /?]0;root? HTTP/1.0" 404' in told
