"""What a job carries of a span is read as W3C Trace Context says, and written so that others read it."""

from __future__ import annotations

import time
import uuid

import pytest
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tally.integrations.span_contexts import age_seconds, carried_by, span_context_of

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    "traceparent",
    [
        f"00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-00",
        f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE.upper()}-{SPAN}-01",
        "",
    ],
)
@pytest.mark.parametrize("tracestate", ["", "vendor=1,other=2"])
def test_a_carried_span_is_read_as_the_propagator_reads_it(
    traceparent: str, tracestate: str
) -> None:
    carrier = {"traceparent": traceparent, "tracestate": tracestate}
    theirs = trace.get_current_span(
        TraceContextTextMapPropagator().extract(carrier)
    ).get_span_context()

    ours = span_context_of(traceparent, tracestate)

    assert ours == (theirs if theirs.is_valid else None)
    if ours is not None:
        assert ours.is_remote
        assert carried_by(ours) == (f"00-{traceparent[3:55]}", tracestate)


def test_an_id_tells_when_it_was_made_and_one_of_the_callers_own_does_not() -> None:
    made = int(time.time() * 1000) - 5000
    of_time = uuid.UUID(int=(made << 80) | (7 << 76) | (2 << 62))

    assert 4.9 < age_seconds(str(of_time)) < 60
    assert age_seconds(f"{of_time}-charge") > 4.9
    for others in ("order-17", str(uuid.UUID(int=4 << 76)), "zzzzzzzz-zzzz-7"):
        assert age_seconds(others) == 0.0
