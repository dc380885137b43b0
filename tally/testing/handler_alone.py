"""One handler alone, run as a worker runs it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, Unpack

from pydantic import BaseModel

from backend.bootstrap.current import platform
from backend.domain.errors import InvalidOption
from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob, NewJob
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.job_options import JobOptions
from backend.domain.jobs.options.keyed_name import RATE_SHARE
from backend.domain.ports import ClaimPlan
from backend.memory.broker import MemoryBroker
from tally.testing.expectations import kind_of
from tally.testing.modes import memory
from tally.testing.platform_in_test import PlatformInTest
from tally.testing.worker_in_test import RanJob, run_attempt
from workers.base_worker import BaseWorker
from workers.job_types.job_ended import JobEnded
from workers.runtime.attempts.job_contexts import context_maker
from workers.runtime.attempts.own_loop import OwnLoop
from workers.runtime.ending import close_in_turn

_NAME = "worker-in-test"
_AGAIN = Outcome(OutcomeKind.RETRIED, delay=1.0)


def run_job(
    job_type: str | Callable[..., Any],
    payload: Mapping[str, Any] | BaseModel | None = None,
    priority: str | None = None,
    *,
    attempt: int = 1,
    checkpoint: Any = None,
    canceled: bool = False,
    follows: JobEnded | None = None,
    worker: BaseWorker | None = None,
    raise_errors: bool = True,
    **options: Unpack[JobOptions],
) -> RanJob:
    """Runs one attempt of a job and says what came of it; nothing is left in any queue.

    ``job_type`` is a declared function or a name; payload and options are checked and go through JSON as
    when it is enqueued. In attempt n, n - 1 have failed before; ``checkpoint`` is what one of them kept,
    ``canceled`` whether somebody has asked it to end, ``follows`` the end that it is told of. ``worker``
    is the instance whose method it is; without one, one is made and opened. No rate holds it up. Raises
    what the handler raises, signals aside, unless ``raise_errors`` is False. What the handler enqueues goes
    to the queue of the test around it, if there is one, else nowhere.
    """
    _check(attempt, checkpoint)
    with _parts() as parts:
        kind = kind_of(parts.catalogue, job_type)
        broker = MemoryBroker(parts.clock)
        asked = parts.intake.check(kind.name, payload, priority, options)
        broker.queue.enqueue([_runnable(asked, parts.clock.now())])
        job = _claimed(broker, attempt, checkpoint)
        with closing(OwnLoop()) as own_loop, _worker(parts, kind, worker, own_loop) as instance:
            context = context_maker(_NAME, broker.progress_notes, broker.checkpoints)(job)
            context.canceled, context.follows = canceled, follows
            settings = parts.settings
            _, ran = run_attempt(kind, instance, job, context, settings, own_loop=own_loop)
        ran = ran.keeping(broker.checkpoints.load(job.id))
    if raise_errors:
        ran.raise_error()
    return ran


def _check(attempt: int, checkpoint: Any) -> None:
    if attempt < 1:
        raise InvalidOption("attempt must be 1 or more: they are counted from 1", field="attempt")
    if checkpoint is not None and attempt == 1:
        raise InvalidOption("nothing was kept before the first attempt", field="checkpoint")


@contextmanager
def _parts() -> Iterator[PlatformInTest]:
    """That of the test, so that no handler comes upon a real queue."""
    found = platform()
    if isinstance(found, PlatformInTest):
        yield found
        return
    with memory():
        stand_in = platform()
        assert isinstance(stand_in, PlatformInTest)  # noqa: S101 - memory() has just seen to it
        yield stand_in


def _runnable(job: NewJob, now: datetime) -> NewJob:
    """One that no rate holds up: those say when it starts, and here the time stands still."""
    if job.expires_at is not None and job.expires_at <= now:
        raise InvalidOption(
            f"expires_at {job.expires_at} has passed: no worker would run the job",
            field="expires_at",
        )
    rest = {name: value for name, value in job.options.items() if name != RATE_SHARE}
    return job._replace(options=rest)


def _claimed(broker: MemoryBroker, attempt: int, checkpoint: Any) -> ClaimedJob:
    dispatch = broker.dispatch(_NAME, (), lease_seconds=3600.0)
    plan = [ClaimPlan(queue, 0) for queue in broker.inspection.queue_names()]
    for number in range(1, attempt + 1):
        due = [job_id for job_id, _ in broker.inspection.scheduled(0, 1)]
        broker.operations.run_now(due, by="", reason="")
        [job] = dispatch.settle_and_claim([], plan, 1)[1]
        if number < attempt:
            broker.checkpoints.save(job.id, job.fence, _text(checkpoint))
            dispatch.settle_and_claim([(job, _AGAIN)], [], 0)
    return job


def _text(checkpoint: Any) -> str:
    return "" if checkpoint is None else json.dumps(checkpoint)


@contextmanager
def _worker(
    parts: PlatformInTest, kind: JobType, worker: BaseWorker | None, own_loop: OwnLoop
) -> Iterator[BaseWorker | None]:
    if worker is not None or kind.worker is None:
        yield worker
        return
    made: BaseWorker = kind.worker(parts.settings)
    made.open()
    try:
        if made.is_for_loops():
            own_loop.open(made)
        yield made
    finally:
        close_in_turn([own_loop.close, made.close])
