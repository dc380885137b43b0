"""The job types that a module declares."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.job_type import JobType
from workers.base_worker import BaseWorker
from workers.job_types.declaration import declaration_of


def declared_in(module: ModuleType, default_retry: RetryPolicy) -> list[JobType]:
    """The job types that a module itself declares, as functions and as methods of its workers."""
    found: list[JobType] = []
    for thing in list(vars(module).values()):
        if getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(thing) and issubclass(thing, BaseWorker):
            methods = [method for _, method in inspect.getmembers(thing, inspect.isfunction)]
            found += _of(methods, thing, default_retry)
        elif not inspect.isclass(thing):
            found += _of([thing], None, default_retry)
    return found


def _of(
    handlers: list[Any], worker: type[BaseWorker] | None, default_retry: RetryPolicy
) -> list[JobType]:
    declared = ((handler, declaration_of(handler)) for handler in handlers)
    return [said.job_type(each, worker, default_retry) for each, said in declared if said]
