"""Where a sign leads: the page of what it is about."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from backend.dashboard.request.page_context import link
from backend.services.health.health_situation import Sign

_OF_A_QUEUE = {"no_worker", "backlog", "backlog_grows"}
_OF_FAILURES = {"failures", "failures_grow"}


class Lead(NamedTuple):
    """A link, in words."""

    words: str
    href: str


def _resume_button(what: str) -> str:
    """Where the page of queues has the button that ends a pause; RQ's own can be ended by RQ alone."""
    kind, _, name = what.partition(":")
    if kind not in {"queue", "lane", "type"}:
        return ""
    return "#" + quote(
        f"resume-{name.replace(':', '-')}" if kind == "queue" else f"resume-{kind}-{name}"
    )


def lead_of(sign: Sign) -> Lead | None:
    """The page that shows what a sign is about; None when no page does."""
    subject = sign.subject
    if sign.code in _OF_A_QUEUE and subject:
        return Lead(f"jobs in {subject}", link("/search", queue=subject, state="queued"))
    if sign.code in _OF_FAILURES:
        return Lead("failed jobs", link("/search", state="failed"))
    if sign.code in {"no_worker", "worker_lost"}:
        return Lead("workers", link("/workers"))
    return _to_one_thing(sign.code, subject)


def _to_one_thing(code: str, subject: str) -> Lead | None:
    if code == "paused":
        return Lead("resume it", link("/queues") + _resume_button(subject))
    if code == "quota_used_up":
        return Lead("quotas", link("/queues") + "#quotas")
    if code == "stuck":
        return Lead("the job", link(f"/job/{subject}"))
    if code == "ticks_missed":
        return Lead("the schedule", link(f"/schedules/{subject}"))
    return None
