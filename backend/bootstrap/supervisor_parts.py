"""A supervisor of worker processes, wired from what it was told: it reads no settings and no job types."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client.registry import Collector

from backend.broker.jobs.lease_book import RedisLeaseBook
from backend.broker.server.connector import Connector
from backend.broker.server.functions import Functions
from backend.broker.shard import Shard
from backend.broker.workers.worker_commands import RedisWorkerCommands
from backend.domain.errors import TallyError
from backend.loops.rescuer import Rescuer
from backend.telemetry.clock import SystemClock
from backend.telemetry.metrics.count_keeper import keep_counts
from backend.telemetry.metrics.counts import nothing
from backend.telemetry.metrics.metrics_place import count_folder, served
from backend.telemetry.metrics.process_collectors import DeathCollector, FolderCollector
from workers.runtime.supervision.supervisor import Supervisor
from workers.runtime.supervision.supervisor_spec import SupervisorSpec


class SupervisorParts:
    """Everything of one supervisor."""

    def __init__(self, spec: SupervisorSpec) -> None:
        self._spec = spec
        self._shard = Shard(0, spec.root, Connector(spec.redis_url))
        self._book = self._shard.part(RedisLeaseBook)
        self.supervisor = Supervisor(
            self._book,
            spec.lanes,
            lease_seconds=spec.lease_seconds,
            memory_kill_mb=spec.memory_kill_mb,
            forget=self._shard.part(RedisWorkerCommands).forget,
        )

    @contextmanager
    def rescuing(self) -> Iterator[None]:
        """Gives back the jobs of vanished workers meanwhile, also of those on other hosts."""
        rescuer = Rescuer(
            self._book,
            SystemClock(),
            grace=self._spec.rescue_grace_seconds,
            lease_seconds=self._spec.lease_seconds,
        )
        # One process, one warning for an outage.
        rescuer.outages = self.supervisor.outages
        over = threading.Event()
        threading.Thread(target=rescuer.run, args=(over,), daemon=True).start()
        yield
        over.set()

    @contextmanager
    def metrics(self) -> Iterator[None]:
        """Shows what the worker processes count; start those inside the block."""
        with count_folder() as folder:
            deaths = DeathCollector(lambda: self.supervisor.deaths)
            collectors: list[Collector] = [FolderCollector(folder), deaths]
            own = keep_counts(nothing)
            with served(collectors, "worker", self._spec.metrics, self._not_ready):
                yield
            if own is not None:
                own.close()

    def _not_ready(self) -> list[str]:
        try:
            Functions(self._shard.client, self._shard.root).check()
        except TallyError as error:
            return [str(error), *self.supervisor.not_ready()]
        return self.supervisor.not_ready()
