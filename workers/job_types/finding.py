"""The job types that a module declares."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

from backend.domain.errors import ConfigurationError
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
            _refuse_unseen(thing)
            methods = [method for _, method in inspect.getmembers(thing, inspect.isfunction)]
            found += _of(methods, thing, default_retry)
        elif not inspect.isclass(thing):
            found += _of([thing], None, default_retry)
    return found


def _refuse_unseen(worker: type[BaseWorker]) -> None:
    """Raises `ConfigurationError` for what its author takes for a job type, and nobody would run so."""
    for name, own in vars(worker).items():
        place = f"{worker.__qualname__}.{name} in {worker.__module__}"
        if isinstance(own, classmethod | staticmethod) and declaration_of(own.__func__):
            raise ConfigurationError(
                f"{place} is a {type(own).__name__}, and a job type is a plain method or a function"
            )
        hidden = [declaration_of(vars(base).get(name)) for base in worker.__mro__[1:]]
        said = next(filter(None, hidden), None)
        if said is not None and declaration_of(own) is None:
            raise ConfigurationError(
                f"{place} stands in the place of the job type {said.name!r}, and is none; declare it too, "
                "under that name"
            )


def _of(
    handlers: list[Any], worker: type[BaseWorker] | None, default_retry: RetryPolicy
) -> list[JobType]:
    declared = ((handler, declaration_of(handler)) for handler in handlers)
    return [said.job_type(each, worker, default_retry) for each, said in declared if said]
