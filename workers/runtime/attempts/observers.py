"""Tells middleware of attempts whose outcome is on the books."""

from __future__ import annotations

from collections.abc import Iterable

from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.jobs.hooks.attempt_end import AttemptEnd, attempt_end
from backend.domain.jobs.hooks.in_use import IN_USE, Hooks
from backend.domain.jobs.job import ClaimedJob
from backend.telemetry.logs.logger import Logger

log = Logger("tally.middleware")


def tell_observers(ended: Iterable[tuple[ClaimedJob, Outcome]]) -> None:
    """Each observer of each attempt; one that raises is named in the log, and the others are told."""
    for job, outcome in ended:
        if outcome.kind is OutcomeKind.RETURNED:
            continue
        tell_of(attempt_end(job, outcome))


def tell_of(ended: AttemptEnd) -> None:
    """Each observer that is for jobs of this type."""
    for hooks in IN_USE.on_ended:
        if hooks.concerns(ended.job_type):
            _tell(hooks, ended)


def _tell(hooks: Hooks, ended: AttemptEnd) -> None:
    if hooks.on_ended is None:
        return
    try:
        hooks.on_ended(ended)
    except BaseException:  # not even SystemExit: the slot it comes from has other jobs
        log.exception(
            "middleware.failed", middleware=hooks.name, hook="on_ended", job_id=ended.job_id
        )
