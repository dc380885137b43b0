"""The services that commands speak to, each made when a command first needs it.

Imported where they are made: loading the SQL engine takes longer than most commands run.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from backend.bootstrap.current import platform
from backend.bootstrap.platform import new_job_id
from backend.cli.output.done_so_far import note_done
from backend.cli.output.printing import say

if TYPE_CHECKING:
    from backend.bootstrap.caller_parts import PlatformCallerParts
    from backend.domain.history.history_record import JobHistory
    from backend.domain.jobs.job import JobView
    from backend.services.access.audit_service import AuditService
    from backend.services.access.key_service import KeyService
    from backend.services.actions.action_log import Effect
    from backend.services.actions.families import Actions
    from backend.services.finding.dead_letters import DeadLetters
    from backend.services.finding.history_service import HistoryService
    from backend.services.finding.job_standing import JobStanding
    from backend.services.finding.live_listing import LiveListing
    from backend.services.finding.search_service import SearchService
    from backend.services.finding.stuck_jobs import StuckJobs
    from backend.services.finding.why_service import WhyService
    from backend.services.jobs.preview_service import PreviewService
    from backend.services.ledger.ledger_service import LedgerService
    from backend.services.scheduler_service import SchedulerService

#: Told of an action whose answer cannot be written.
_MOST_IDS = 10


@lru_cache(maxsize=1)
def _found() -> PlatformCallerParts:
    from backend.bootstrap.caller_parts import PlatformCallerParts

    return PlatformCallerParts(platform())


def history_service() -> HistoryService:
    """The record of jobs."""
    return _found().history


def search_service() -> SearchService:
    """Both stores at once."""
    return _found().search


def dead_letters() -> DeadLetters:
    """The dead-letter queue."""
    return _found().dead_letters


def why_service() -> WhyService:
    """Explains what keeps a job."""
    return _found().why


def standing_of(found: JobView | JobHistory) -> JobStanding:
    """How one job stands beside others."""
    return _found().standing(found)


def preview_service() -> PreviewService:
    """Says what would happen."""
    return _found().previews


@lru_cache(maxsize=1)
def live_listing() -> LiveListing:
    """The jobs in Redis."""
    from backend.services.finding.live_listing import LiveListing

    return LiveListing(platform().inspection)


@lru_cache(maxsize=1)
def key_service() -> KeyService:
    """The API keys."""
    from backend.history.access.api_key_store import PostgresApiKeyStore
    from backend.services.access.key_service import KeyService

    store = PostgresApiKeyStore(platform().history_engine)
    return KeyService(store, platform().clock, new_id=new_job_id, randomness=os.urandom)


@lru_cache(maxsize=1)
def scheduler_service() -> SchedulerService:
    """The schedules."""
    from backend.services.scheduler_service import SchedulerService

    return SchedulerService(platform().scheduler_parts)


@lru_cache(maxsize=1)
def audit_service() -> AuditService:
    """The audit log."""
    from backend.bootstrap import record_parts

    return record_parts.audit_service(platform())


@lru_cache(maxsize=1)
def stuck_jobs() -> StuckJobs:
    """Finds jobs that do not get on."""
    from backend.services.finding.stuck_jobs import StuckJobs

    parts = platform()
    return StuckJobs(parts.inspection, parts.lease_book, parts.clock)


@lru_cache(maxsize=1)
def actions() -> Actions:
    """What changes anything, each written down. Where the audit log cannot be, the process log is told."""
    from backend.bootstrap.action_parts import PlatformActions
    from backend.services.actions.action_log import ActionLog

    return PlatformActions(
        platform(), ActionLog(audit_service(), when_lost=_say_lost, when_done=_note_done)
    )


def _note_done(action: str, what: str, effect: Effect[Any]) -> None:
    ids = ", ".join(effect.ids[:_MOST_IDS])
    more = f" and {len(effect.ids) - _MOST_IDS} more" if len(effect.ids) > _MOST_IDS else ""
    note_done(f"{action} of {what} is done" + (f": {ids}{more}" if ids else ""))


def _say_lost(error: Exception) -> None:
    say(f"tally: the audit log cannot be written: {error}")


@lru_cache(maxsize=1)
def ledger_service() -> LedgerService:
    """The ledger."""
    from backend.bootstrap import record_parts

    return record_parts.ledger_service(platform())
