"""A request gets a thread when it is whole."""

from __future__ import annotations

import pytest

from backend.api.serving.whole_requests import LOOKED_AT, Arrival, arrival_of

_HEAD = b"POST /api/jobs HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("begin", "arrival"),
    [
        (b"GET", Arrival.PARTIAL),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", Arrival.PARTIAL),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", Arrival.WHOLE),
        (_HEAD + b"Content-Length: 4\r\n\r\n", Arrival.PARTIAL),
        (_HEAD + b"Content-Length: 4\r\n\r\nabc", Arrival.PARTIAL),
        (_HEAD + b"content-length:4\r\n\r\nabcd", Arrival.WHOLE),
        (_HEAD + b"Content-Length: 4\r\n\r\nabcdGET /", Arrival.WHOLE),
        (_HEAD + b"Content-Length: 0\r\n\r\n", Arrival.WHOLE),
        (_HEAD + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n", Arrival.BODY_TO_COME),
        (_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", Arrival.BODY_TO_COME),
        (b"x" * LOOKED_AT, Arrival.WHOLE),
    ],
)
def test_the_bytes_that_are_here_say_whether_it_is_whole(begin: bytes, arrival: Arrival) -> None:
    assert arrival_of(begin) is arrival


def test_a_body_that_is_longer_than_what_is_looked_at_is_waited_for_in_a_thread() -> None:
    head = _HEAD + b"Content-Length: 1000000\r\n\r\n"
    begin = head + b"x" * (LOOKED_AT - len(head))

    assert arrival_of(begin) is Arrival.BODY_TO_COME
