"""The queue of a test: in memory, at once, or in a real Redis. Each lasts as long as its block."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from backend.api.config.settings import Settings, default_settings
from backend.bootstrap.current import standing_in
from backend.memory.standing_clock import StandingClock
from tally.testing.platform_in_test import InlinePlatform, PlatformInTest
from tally.testing.queue_in_test import QueueInTest


@contextmanager
def memory(
    *, job_packages: Sequence[str] | None = None, start: datetime | None = None
) -> Iterator[QueueInTest]:
    """Lets a queue in memory stand in for the real one, empty, with a clock that stands still.

    Settings are those of this process; ``job_packages`` are where job types come from instead of from
    there, ``start`` is what the clock shows, the present unless it is said. Raises
    `ConfigurationError` inside of another mode.
    """
    settings = _settings(job_packages, redis_url="memory:")
    with _standing_in(PlatformInTest(settings, StandingClock(start))) as queue:
        yield queue


@contextmanager
def inline(
    *,
    job_packages: Sequence[str] | None = None,
    start: datetime | None = None,
    raise_errors: bool = True,
) -> Iterator[QueueInTest]:
    """Like `memory`, and runs each job before the call returns that enqueued it.

    It runs as in a worker: payload and result go through JSON, the payload is checked, a failure is
    judged. What handlers raise is raised by the call, unless ``raise_errors`` is False. A delayed job
    waits for `travel` and `drain`; with ``session=`` a job runs when that commits.
    """
    settings = _settings(job_packages, redis_url="memory:")
    parts = InlinePlatform(settings, StandingClock(start), raise_errors=raise_errors)
    with _standing_in(parts) as queue:
        yield queue


@contextmanager
def live(
    redis_url: str | None = None, *, job_packages: Sequence[str] | None = None
) -> Iterator[QueueInTest]:
    """Lets a queue in a real Redis stand in, under a key prefix of its own, which is emptied at the end.

    ``redis_url`` is that of the settings unless it is said. Jobs run in `drain`, by the real steps of
    Redis; its clock cannot be moved.
    """
    settings = _settings(job_packages, **({"redis_url": redis_url} if redis_url else {}))
    own = settings.redis.model_copy(update={"prefix": f"tally-test-{uuid.uuid4().hex[:12]}"})
    parts = PlatformInTest(settings.model_copy(update={"redis": own}))
    with _standing_in(parts) as queue:
        try:
            yield queue
        finally:
            parts.forget_keys()


def _settings(job_packages: Sequence[str] | None, **changes: Any) -> Settings:
    if job_packages is not None:
        changes["job_packages"] = tuple(job_packages)
    return default_settings().model_copy(update=changes)


@contextmanager
def _standing_in(parts: PlatformInTest) -> Iterator[QueueInTest]:
    with standing_in(parts):
        try:
            yield parts.queue_in_test
        finally:
            parts.worker.close()
