"""What a job's options say about it that one may search for."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class JobLabels(NamedTuple):
    """The searchable part of the options; empty where nothing was given."""

    tags: tuple[str, ...] = ()
    tenant: str = ""
    trace_id: str = ""
    context_id: str = ""
    callback_url: str = ""
    is_test: bool = False


_NO_LABELS = JobLabels()


def labels_in(options: str) -> JobLabels:
    """The labels in options as JSON; raises ValueError when they are not an object."""
    if options in {"", "{}"}:
        return _NO_LABELS
    given: Any = json.loads(options)
    if not isinstance(given, dict):
        raise ValueError("the options of a job must be an object")  # noqa: TRY004 - a wrong value
    return JobLabels(
        tuple(str(tag) for tag in given.get("tags") or ()),
        str(given.get("tenant") or ""),
        str(given.get("trace_id") or ""),
        str(given.get("context_id") or ""),
        str(given.get("callback_url") or ""),
        bool(given.get("is_test")),
    )
