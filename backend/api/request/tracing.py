"""Request ids, and W3C trace context in and out."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
#: What a job can carry of it; the standard lets whoever cannot leave it out.
_STATE = re.compile(r"[ -~]{1,512}")


class TraceContext(NamedTuple):
    """The trace that a request belongs to, and the span that is ours in it."""

    trace_id: str
    span_id: str
    flags: str = "01"
    #: The caller's own headers, empty where there was none that can be read.
    given: str = ""
    state: str = ""

    @property
    def traceparent(self) -> str:
        """As the header says it."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def trace_of(traceparent: str | None, tracestate: str | None = None) -> TraceContext:
    """A span of ours in the caller's trace; in a new trace when there is none, or no readable one."""
    span = os.urandom(8).hex()
    match = _TRACEPARENT.fullmatch(traceparent or "")
    if match is None or match[1] == "ff" or match[2] == _NO_TRACE or match[3] == _NO_SPAN:
        return TraceContext(os.urandom(16).hex(), span)
    state = tracestate or ""
    return TraceContext(
        match[2], span, match[4], match[0], state if _STATE.fullmatch(state) else ""
    )


def request_id_of(given: str | None) -> str:
    """The caller's request id when it is a harmless word, else a new one."""
    return given if given and _REQUEST_ID.fullmatch(given) else os.urandom(12).hex()
