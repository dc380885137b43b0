"""Whether another program enqueues where ours wait."""

from __future__ import annotations

from collections.abc import Iterator

from backend.bootstrap.platform import Platform
from backend.broker.server.functions import Functions
from backend.broker.server.keyspace import find_others
from backend.cli.checks.finding import Finding, warning, wrong
from backend.domain.errors import ForeignKeyspace, TallyError


def check_keyspace(parts: Platform) -> Iterator[Finding]:
    """Whether another program keeps its jobs where ours are, or would be."""
    try:
        parts.refuse_others()
        others = find_others(Functions(parts.home.client, parts.home.root), looks_anyway=True)
    except ForeignKeyspace as error:
        words, _, remedy = str(error).partition(": set ")
        yield wrong("foreign_keyspace", words, f"set {remedy}")
        return
    except TallyError:
        return
    if others and not parts.settings.redis.beside_rq:
        yield warning(
            "foreign_keyspace",
            f"RQ works under our prefix {parts.home.root!r} as well ({others})",
            "give it another prefix or database; if both are to share it, set TALLY_REDIS__BESIDE_RQ=true: "
            "once Redis is emptied nothing tells any more that Tally was there, and it would not start",
        )


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
