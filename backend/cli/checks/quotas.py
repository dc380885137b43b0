"""Tenants that have used up their quotas: their new jobs are refused, or wait aside."""

from __future__ import annotations

from collections.abc import Iterator

from backend.bootstrap.platform import Platform
from backend.cli.checks.finding import Finding, ok, warning
from backend.domain.errors import QueueUnavailable
from backend.services.finding.quota_words import used_up_words

#: Of very many these are named.
_MOST_NAMED = 5
_WHAT_TO_DO = "start more workers, or raise it: tally tenants quota"


def check_quotas(parts: Platform) -> Iterator[Finding]:
    """Nothing where nobody has one, and while Redis is away, which is told elsewhere."""
    try:
        found = parts.quota_service.all()
    except QueueUnavailable:
        return
    used_up = [state for state in found if state.used_up]
    for state in used_up[:_MOST_NAMED]:
        yield warning("quota_used_up", used_up_words(state), _WHAT_TO_DO)
    if (left := len(used_up) - _MOST_NAMED) > 0:
        text = f"{left} more tenants have used up their quotas: tally tenants list"
        yield warning("quota_used_up", text, _WHAT_TO_DO)
    if found and not used_up:
        yield ok("quotas", f"none of {len(found)} tenants has used up its quota")
