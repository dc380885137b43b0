"""Tally, as those see it who build on it: everything public is importable from here.

Nothing is imported before it is used: a program that only enqueues never reads what workers need.
"""

from __future__ import annotations

import importlib

from tally.own_packages import check_own_packages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backend import __version__
    from backend.bootstrap.current import events, queue
    from backend.domain.access.actor import Actor
    from backend.domain.errors import (
        ArtifactError,
        ConfigurationError,
        HistoryBacklogFull,
        HistoryUnavailable,
        IdempotencyConflict,
        IllegalMove,
        InvalidOption,
        InvalidPayload,
        InvalidRequest,
        InvalidResult,
        JobCanceled,
        JobFailed,
        JobNotFound,
        JobSignal,
        MigrationError,
        NotUnique,
        PayloadTooLarge,
        PermanentFailure,
        QueueFull,
        QueueUnavailable,
        QuotaExceeded,
        RetryLater,
        Snooze,
        TallyError,
        Unavailable,
        UnknownJobType,
        UnknownPriority,
        Unreachable,
        WaitTimeout,
    )
    from backend.domain.jobs.attempts.backoff import Exponential, Linear
    from backend.domain.jobs.attempts.retry_after import retry_after
    from backend.domain.jobs.attempts.retry_rules import Failure, Retry
    from backend.domain.jobs.hooks.attempt_end import AttemptEnd
    from backend.domain.jobs.hooks.draft import Draft
    from backend.domain.jobs.job import JobView
    from backend.domain.jobs.job_filter import JobFilter
    from backend.domain.jobs.job_state import JobState
    from backend.domain.jobs.options.breaker import Breaker
    from backend.domain.jobs.options.fairness import Fairness
    from backend.domain.jobs.options.job_options import EnqueueOptions, FollowUpRequest, JobOptions
    from backend.domain.jobs.options.keyed_limit import Limit
    from backend.domain.jobs.options.quota import Quota
    from backend.domain.jobs.options.rate import Rate
    from backend.domain.jobs.options.unique import Unique
    from backend.domain.schedules.freeze import Freeze
    from backend.services.events.event_bus import EventBus
    from backend.services.jobs.job_options import JobRequest
    from backend.services.queue_service import QueueService
    from backend.services.scheduler_service import SchedulerService
    from workers.base_worker import (
        BaseWorker,
        JobContext,
        StopRequested,
        TimeLimitReached,
        current_job,
        job_type,
        task,
    )
    from workers.job_types.job_ended import JobEnded
    from workers.job_types.job_handle import Job
    from workers.job_types.lifespans import lifespan
    from workers.job_types.middleware import Middleware, use
    from workers.job_types.type_options import TypeOptions

__all__ = [
    "Actor",
    "ArtifactError",
    "AttemptEnd",
    "BaseWorker",
    "Breaker",
    "ConfigurationError",
    "Draft",
    "EnqueueOptions",
    "EventBus",
    "Exponential",
    "Failure",
    "Fairness",
    "FollowUpRequest",
    "Freeze",
    "HistoryBacklogFull",
    "HistoryUnavailable",
    "IdempotencyConflict",
    "IllegalMove",
    "InvalidOption",
    "InvalidPayload",
    "InvalidRequest",
    "InvalidResult",
    "Job",
    "JobCanceled",
    "JobContext",
    "JobEnded",
    "JobFailed",
    "JobFilter",
    "JobNotFound",
    "JobOptions",
    "JobRequest",
    "JobSignal",
    "JobState",
    "JobView",
    "Limit",
    "Linear",
    "Middleware",
    "MigrationError",
    "NotUnique",
    "PayloadTooLarge",
    "PermanentFailure",
    "QueueFull",
    "QueueService",
    "QueueUnavailable",
    "Quota",
    "QuotaExceeded",
    "Rate",
    "Retry",
    "RetryLater",
    "SchedulerService",
    "Snooze",
    "StopRequested",
    "TallyError",
    "TimeLimitReached",
    "TypeOptions",
    "Unavailable",
    "Unique",
    "UnknownJobType",
    "UnknownPriority",
    "Unreachable",
    "WaitTimeout",
    "__version__",
    "current_job",
    "events",
    "job_type",
    "lifespan",
    "queue",
    "retry_after",
    "task",
    "use",
]

#: Where things are whose module is not that of the errors.
_ELSEWHERE = {
    "Actor": "backend.domain.access.actor",
    "AttemptEnd": "backend.domain.jobs.hooks.attempt_end",
    "BaseWorker": "workers.base_worker",
    "Breaker": "backend.domain.jobs.options.breaker",
    "Draft": "backend.domain.jobs.hooks.draft",
    "EnqueueOptions": "backend.domain.jobs.options.job_options",
    "EventBus": "backend.services.events.event_bus",
    "Exponential": "backend.domain.jobs.attempts.backoff",
    "Failure": "backend.domain.jobs.attempts.retry_rules",
    "FollowUpRequest": "backend.domain.jobs.options.job_options",
    "Freeze": "backend.domain.schedules.freeze",
    "Job": "workers.job_types.job_handle",
    "JobContext": "workers.base_worker",
    "JobEnded": "workers.job_types.job_ended",
    "JobFilter": "backend.domain.jobs.job_filter",
    "JobOptions": "backend.domain.jobs.options.job_options",
    "JobRequest": "backend.services.jobs.job_options",
    "JobState": "backend.domain.jobs.job_state",
    "JobView": "backend.domain.jobs.job",
    "Linear": "backend.domain.jobs.attempts.backoff",
    "Middleware": "workers.job_types.middleware",
    "QueueService": "backend.services.queue_service",
    "Retry": "backend.domain.jobs.attempts.retry_rules",
    "Fairness": "backend.domain.jobs.options.fairness",
    "Limit": "backend.domain.jobs.options.keyed_limit",
    "Quota": "backend.domain.jobs.options.quota",
    "Rate": "backend.domain.jobs.options.rate",
    "Unique": "backend.domain.jobs.options.unique",
    "SchedulerService": "backend.services.scheduler_service",
    "StopRequested": "workers.base_worker",
    "TimeLimitReached": "workers.base_worker",
    "TypeOptions": "workers.job_types.type_options",
    "__version__": "backend",
    "current_job": "workers.base_worker",
    "events": "backend.bootstrap.current",
    "job_type": "workers.base_worker",
    "lifespan": "workers.job_types.lifespans",
    "queue": "backend.bootstrap.current",
    "retry_after": "backend.domain.jobs.attempts.retry_after",
    "task": "workers.base_worker",
    "use": "workers.job_types.middleware",
}

check_own_packages()


def __getattr__(name: str) -> Any:
    if name not in __all__:
        near = importlib.import_module("backend.domain.text.nearest_name").suggestion(name, __all__)
        raise AttributeError(f"module 'tally' has no attribute {name!r}{near}", name=name)
    found = getattr(importlib.import_module(_ELSEWHERE.get(name, "backend.domain.errors")), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
