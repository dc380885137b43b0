"""Spans as jobs carry them, read and written without the general propagator: that costs half a span."""

from __future__ import annotations

import re
import time

from opentelemetry.trace import SpanContext, TraceFlags
from opentelemetry.trace.span import TraceState

#: W3C Trace Context, of any version that begins as the first one does.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
#: Where the version of a UUID stands, and that of those which tell when they were made.
_VERSION_AT, _VERSION_OF_TIME = 14, "7"


def span_context_of(traceparent: str, tracestate: str) -> SpanContext | None:
    """The span that a job carries; None for none that can be read."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return None
    trace_id, span_id, flags = found.groups()
    state = TraceState.from_header([tracestate]) if tracestate else None
    flag = TraceFlags(int(flags, 16))
    made_by = SpanContext(int(trace_id, 16), int(span_id, 16), True, flag, state)
    return made_by if made_by.is_valid else None


def carried_by(span: SpanContext) -> tuple[str, str]:
    """A span as jobs carry it: ``traceparent`` and ``tracestate``."""
    state = span.trace_state.to_header() if span.trace_state else ""
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}", state


def age_seconds(job_id: str) -> float:
    """Since its id was made; 0 for one of the caller's own, of which nobody knows that."""
    if job_id[_VERSION_AT : _VERSION_AT + 1] != _VERSION_OF_TIME:
        return 0.0
    try:
        made = int(job_id[:8] + job_id[9:13], 16)
    except ValueError:
        return 0.0
    return time.time() - made / 1000
