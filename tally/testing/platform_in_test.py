"""The platform of a test: everything is the real one's but where jobs are, and what time it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from backend.api.config.settings import Settings
from backend.api.config.store_urls import is_memory
from backend.bootstrap.job_type_modules import OWN_MODULES
from backend.bootstrap.platform import Platform
from backend.domain.errors import HistoryUnavailable
from backend.domain.ports import Clock
from backend.locks.fork_locks import cached_property
from tally.testing.queue_in_test import QueueInTest
from tally.testing.watched_queue import WatchedQueue
from tally.testing.worker_in_test import WorkerInTest

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: So deep may jobs enqueue jobs that run at once: beyond it one enqueues itself.
_DEEPEST = 50


class PlatformInTest(Platform):
    """Stands in for the platform of the settings."""

    @cached_property
    def job_queue(self) -> WatchedQueue:
        """Where jobs are accepted, and remembered."""
        self.declare()
        return WatchedQueue(
            self.broker.queue,
            running=self._running,
            when_accepted=self.when_accepted,
            work=self._work,
        )

    @cached_property
    def _declared(self) -> set[str]:
        return set()

    def declare(self) -> None:
        """Tells of the job types that are known by now, as a worker does at its start: so their limits and
        rates hold. A function that is imported is known once it enqueues itself.
        """
        shipped, told = frozenset(OWN_MODULES), self._declared
        kinds = [kind for kind in self.catalogue.own() if kind.name not in told]
        kinds = [kind for kind in kinds if kind.handler.__module__ not in shipped]
        if kinds:
            told.update(kind.name for kind in kinds)
            self.broker.declarations.publish(kinds)

    def when_accepted(self) -> None:
        """Called whenever jobs were accepted: they wait until somebody drains the queue."""

    def _running(self) -> str:
        return self.worker.running[-1] if self.worker.running else ""

    def _work(self) -> None:
        self.queue_in_test.drain(raise_errors=False)

    @cached_property
    def worker(self) -> WorkerInTest:
        """Whoever works here."""
        return WorkerInTest(self, self._prepare)

    def _prepare(self) -> None:
        """What others would have done since the last job: declare types, bring what was refused."""
        self.declare()
        # Whoever gives no session needs no SQLAlchemy.
        if "memory_outbox" in self.__dict__:
            self.memory_outbox.offer_again()

    @cached_property
    def queue_in_test(self) -> QueueInTest:
        """What the test is given."""
        return QueueInTest(self, self.job_queue, self.worker)

    @cached_property
    def history_engine(self) -> Engine:
        """Beside a queue in memory one that connects to nothing: that of the settings is at work."""
        return _refusing() if is_memory(self.settings.redis_url) else super().history_engine

    @cached_property
    def reading_engine(self) -> Engine:
        """The same of the replica."""
        return _refusing() if is_memory(self.settings.redis_url) else super().reading_engine

    def forget_keys(self) -> None:
        """Deletes everything that this platform wrote into Redis."""
        for key in self.redis.scan_iter(match=f"{self.keys.root}:*", count=1000):
            self.redis.unlink(key)


def _refusing() -> Engine:
    from sqlalchemy import create_engine

    return create_engine("postgresql+psycopg2://", creator=_refuse)


def _refuse() -> NoReturn:
    raise HistoryUnavailable(
        "a queue in memory has no Postgres, and schedules, events, test runs and statistics are there: "
        "test what they lead to, or use real servers (tally_live)"
    )


class InlinePlatform(PlatformInTest):
    """Runs jobs before the call returns that enqueued them."""

    def __init__(self, settings: Settings, clock: Clock, *, raise_errors: bool) -> None:
        super().__init__(settings, clock)
        self._raises = raise_errors

    def when_accepted(self) -> None:
        """Runs all that may run now; raises what handlers raise, unless told otherwise."""
        depth = len(self.worker.running)
        if depth >= _DEEPEST:
            raise AssertionError(
                f"jobs enqueue jobs {depth} deep, {self.worker.running[-1]} last: inline runs each before "
                "the call returns, so that one which enqueues itself never ends; use memory()"
            )
        while job := self.worker.run_next():
            if self._raises:
                job.raise_error()
