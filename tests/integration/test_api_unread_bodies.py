"""A body that a route does not want is read all the same, or the connection would not survive."""

from io import BytesIO

import pytest

BODY = b'{"nobody": "wants this"}'


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/v1/jobs/4711/cancel", 404), ("/nowhere", 404), ("/health", 405)],
)
def test_a_body_that_nobody_wants_is_read_to_its_end(client, path: str, status: int):
    stream = BytesIO(BODY)
    answer = client.post(path, input_stream=stream, content_length=len(BODY))
    assert answer.status_code == status
    assert stream.read() == b""


def test_so_is_that_of_a_caller_who_is_refused(client):
    stream = BytesIO(BODY)
    answer = client.as_(None).post("/api/v1/jobs", input_stream=stream, content_length=len(BODY))
    assert answer.status_code == 401
    assert stream.read() == b""
