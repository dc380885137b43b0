"""What follows from a payload: a job that gets another payload gets it anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.domain.jobs.options.breaker import DESTINATION
from backend.domain.jobs.options.keyed_name import HOLD, RATE_SHARE

#: The options that follow from a payload; `_anew.lua` says the same.
DERIVED = frozenset({"limit_key", "limit", HOLD, RATE_SHARE, DESTINATION, "version"})
#: Which jobs are the same. Who replaces a payload is the same already.
SCOPE = "scope"


def options_anew(
    before: Mapping[str, Any], asked: Mapping[str, Any], *, with_scope: bool = False
) -> dict[str, Any]:
    """A job's options, with those of ``asked`` that follow from its payload in place of its own."""
    follows = DERIVED | {SCOPE} if with_scope else DERIVED
    kept = {name: value for name, value in before.items() if name not in follows}
    return kept | {name: value for name, value in asked.items() if name in follows}
