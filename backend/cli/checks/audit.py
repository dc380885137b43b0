"""The audit log: has every action that somebody began an outcome, and do the chains reach their anchors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from backend.cli.checks.finding import Finding, ok, warning, wrong
from backend.cli.output.ages import moment
from backend.domain.errors import TallyError
from backend.services.access.audit_service import AuditService

#: Seconds that an action on many jobs may take.
_UNDER_WAY_SECONDS = 300.0
#: Older ones were told for a day; `tally audit unfinished` still lists them.
_TOLD_FOR = timedelta(days=1)
_MOST = 1000


def check_audit(audit: AuditService, now: Callable[[], datetime]) -> Iterator[Finding]:
    """Actions of the last day without an outcome; nothing while the log cannot be read."""
    try:
        rows = audit.unmatched(older_than=_UNDER_WAY_SECONDS, most=_MOST)
    except TallyError:
        return  # Said of Postgres already.
    recent = [row for row in rows if row.at > now() - _TOLD_FOR]
    if not recent:
        yield ok("audit_unfinished", "every action that was begun has an outcome")
        return
    entry = recent[0].entry
    first = f"{entry.action} of {entry.object} by {entry.actor.name} at {moment(recent[0].at)} UTC"
    yield warning(
        "audit_unfinished",
        f"{len(recent)} action(s) of the last day were begun and have no outcome, the first: {first}",
        "whoever did them was killed in between, or the audit log was away: look whether each was "
        "done; tally audit unfinished lists them",
    )


def check_anchors(audit: AuditService, file: Path | None) -> Iterator[Finding]:
    """Whether the chains reach what `history.anchor_file` has of them; nothing where none is set."""
    if file is None:
        return
    try:
        file.stat()
        behind = audit.behind_anchors()
    except TallyError:
        return  # Said of Postgres already.
    except OSError as error:
        yield warning(
            "anchor_file_unreadable",
            f"the anchor file {file} cannot be read: {error.strerror}",
            "look on the recorder's host, with an account that may read it: without it nobody sees "
            "whether an end of the audit log was cut off",
        )
        return
    for chain, _, problem in behind:
        yield wrong(
            "chain_behind_anchor",
            f"{chain}: {problem}; nothing more of it is anchored until it is longer",
            "its end was cut off, or an older copy of the database was put back: tally audit verify "
            "names what is missing; after a restore begin a new anchor file, docs/how-to/restore.md",
        )
    if not behind:
        yield ok("anchor_file", f"the audit chains reach what {file} has of them")
