"""Whether a request has come in far enough to give it a thread. Pure: bytes in, verdict out."""

from __future__ import annotations

import re
from enum import Enum

#: So much of a request is looked at; what is longer must be waited for in a thread.
LOOKED_AT = 64 * 1024
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r\n", re.IGNORECASE)
#: The client waits for us before it sends the body, or does not say how long it is.
_OPEN_ENDED = re.compile(rb"\r\n(expect|transfer-encoding):", re.IGNORECASE)


class Arrival(Enum):
    """How much of a request is here."""

    #: Not even its head: no thread for it yet.
    PARTIAL = "partial"
    #: All of it: reading it takes no time.
    WHOLE = "whole"
    #: Its head, and a body that is still on its way.
    BODY_TO_COME = "body to come"


def arrival_of(begin: bytes) -> Arrival:
    """The verdict on a request by the bytes that have come, at most `LOOKED_AT` of them."""
    head, separator, body = begin.partition(_END)
    if not separator:
        return Arrival.PARTIAL if len(begin) < LOOKED_AT else Arrival.WHOLE
    head += b"\r\n"
    if _OPEN_ENDED.search(head):
        return Arrival.BODY_TO_COME
    length = _LENGTH.search(head)
    if length is None or len(body) >= int(length[1]):
        return Arrival.WHOLE
    return Arrival.PARTIAL if len(begin) < LOOKED_AT else Arrival.BODY_TO_COME
