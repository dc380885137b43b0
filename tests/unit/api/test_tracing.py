"""Request ids and trace context, taken when they are well formed and made when they are not."""

from __future__ import annotations

import re

import pytest

from backend.api.request.tracing import request_id_of, trace_of

_TRACE, _SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_our_span_is_in_the_callers_trace() -> None:
    trace = trace_of(f"00-{_TRACE}-{_SPAN}-01")

    assert trace.trace_id == _TRACE
    assert trace.span_id != _SPAN
    assert trace.traceparent == f"00-{_TRACE}-{trace.span_id}-01"


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "nonsense",
        f"ff-{_TRACE}-{_SPAN}-01",
        f"00-{'0' * 32}-{_SPAN}-01",
        f"00-{_TRACE}-{'0' * 16}-01",
        f"00-{_TRACE.upper()}-{_SPAN}-01",
        f"00-{_TRACE}-{_SPAN}",
    ],
)
def test_a_traceparent_that_is_not_well_formed_begins_a_new_trace(given: str | None) -> None:
    trace = trace_of(given)

    assert re.fullmatch("[0-9a-f]{32}", trace.trace_id)
    assert trace.trace_id not in {_TRACE, "0" * 32}


def test_the_callers_request_id_is_kept() -> None:
    assert request_id_of("req-1.2_3") == "req-1.2_3"


@pytest.mark.parametrize("given", [None, "", "two words", "x" * 129, "a\nb", "ü"])
def test_a_request_id_that_could_do_harm_is_replaced(given: str | None) -> None:
    assert re.fullmatch("[0-9a-f]{24}", request_id_of(given))
