"""Whether another program enqueues where ours wait."""

from __future__ import annotations

from collections.abc import Iterator

from backend.bootstrap.platform import Platform
from backend.cli.checks.finding import Finding, warning
from backend.domain.errors import TallyError


def check_foreign_jobs(parts: Platform) -> Iterator[Finding]:
    """Jobs that were set apart; nothing while Redis cannot say, which is told elsewhere."""
    try:
        count, first = parts.broker.foreign.count(), parts.broker.foreign.first(1)
    except TallyError:
        return
    if first:
        yield warning(
            "foreign_jobs",
            f"{count} job(s) in our queues are not ours and were set apart, the first is "
            f"{first[0].call or first[0].id!r} in {first[0].queue or 'no queue'}",
            "another program uses RQ under the same prefix: give it queues of other names; "
            "tally queues foreign lists them, tally queues give-back sends them to one",
        )
