"""Trace ids, plain and as W3C Trace Context writes them."""

from __future__ import annotations

import pytest

from backend.domain.jobs.options.trace_parent import trace_id_in

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "header",
    [
        f"00-{TRACE}-{SPAN}-01",
        f" 00-{TRACE}-{SPAN}-00 ",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-and-what-may-come",
    ],
)
def test_a_traceparent_gives_its_trace_id(header: str) -> None:
    assert trace_id_in(header) == TRACE


@pytest.mark.parametrize(
    "header",
    [
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
    ],
)
def test_a_traceparent_that_the_standard_calls_invalid_gives_none(header: str) -> None:
    assert trace_id_in(header) == ""


@pytest.mark.parametrize("text", ["", "order-7", TRACE, "00-short-01"])
def test_any_other_text_is_a_trace_id_already(text: str) -> None:
    assert trace_id_in(text) == text
