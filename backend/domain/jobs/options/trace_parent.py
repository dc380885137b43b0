"""The trace a request belongs to, as W3C Trace Context writes it in the header ``traceparent``."""

from __future__ import annotations

import hashlib
import re

_TRACE_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
#: Reserved as invalid by the standard.
_NO_VERSION = "ff"


_TRACE_ID = re.compile(r"[0-9a-f]{32}")


def trace_parent_of(trace_id: str, cause: str) -> str:
    """The header by which ``cause``, a span of its own, hands its trace on; empty for no W3C trace id."""
    if not _TRACE_ID.fullmatch(trace_id) or trace_id == _NO_TRACE:
        return ""
    span = hashlib.sha256(cause.encode()).hexdigest()[: len(_NO_SPAN)]
    return f"00-{trace_id}-{span}-01"


def is_span(text: str) -> bool:
    """Whether it is written as a ``traceparent``, whatever its numbers are."""
    return _TRACE_PARENT.fullmatch(text.strip().lower()) is not None


def span_in(text: str) -> str:
    """A ``traceparent`` in its one form; empty for what is none."""
    text = text.strip().lower()
    return text if _TRACE_PARENT.fullmatch(text) and trace_id_in(text) else ""


def trace_id_in(text: str) -> str:
    """The trace id inside a ``traceparent``; any other text is a trace id already.

    A ``traceparent`` that the standard calls invalid gives an empty one: a new trace begins.
    """
    match = _TRACE_PARENT.fullmatch(text.strip().lower())
    if match is None:
        return text.strip()
    version, trace_id, span, rest = match.groups()
    is_bad = version == _NO_VERSION or trace_id == _NO_TRACE or span == _NO_SPAN
    # Version 00 has exactly four parts; only later ones may have more.
    return "" if is_bad or (version == "00" and rest) else trace_id
