"""What is written on a job, by its caller and by what made it: the one place that reads it.

Labels travel with a job among its options, a JSON object; what is not said is left out there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from backend.domain.jobs.options.follow_ups import Followed, followed_in


class JobLabels(NamedTuple):
    """What a job is called by; empty where nothing was said."""

    tags: tuple[str, ...] = ()
    tenant: str = ""
    trace_id: str = ""
    context_id: str = ""
    callback_url: str = ""
    is_test: bool = False
    #: Whether it may reach nothing outside of its tenant.
    is_confined: bool = False
    environment: str = ""
    #: The job that enqueued this one, or whose end it tells.
    parent_id: str = ""
    event_id: str = ""
    #: The schedule whose tick it is.
    schedule: str = ""
    #: Of its job type when it was accepted.
    version: int = 1
    #: The job that this one repeats.
    replay_of: str = ""
    #: The span that asked for it, and what vendors add, as W3C Trace Context writes them.
    traceparent: str = ""
    tracestate: str = ""
    #: The job whose end called it; None for most.
    follows: Followed | None = None


NO_LABELS = JobLabels()
_NOTHING = frozenset({"", "{}", b"", b"{}"})


def labels_of(options: Mapping[str, Any]) -> JobLabels:
    """The labels among the options that a job carries."""
    if not options:
        return NO_LABELS
    said = options.get
    tags = said("tags")
    return JobLabels(
        tuple(map(str, tags)) if isinstance(tags, list) else (),
        str(said("tenant") or ""),
        str(said("trace_id") or ""),
        str(said("context_id") or ""),
        str(said("callback_url") or ""),
        bool(said("is_test")),
        bool(said("is_confined")),
        str(said("environment") or ""),
        str(said("parent_id") or ""),
        str(said("event_id") or ""),
        str(said("schedule") or ""),
        int(said("version") or 1),
        str(said("replay_of") or ""),
        str(said("traceparent") or ""),
        str(said("tracestate") or ""),
        followed_in(options),
    )


def labels_in(options: str | bytes) -> JobLabels:
    """The labels in options as JSON; raises ValueError when they are not an object."""
    if options in _NOTHING:
        return NO_LABELS
    given: Any = json.loads(options)
    if not isinstance(given, dict):
        raise ValueError("the options of a job must be an object")  # noqa: TRY004 - a wrong value
    return labels_of(given)
