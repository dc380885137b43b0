"""A supervisor of worker processes, wired from what it was told: it reads no settings and no job types."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from backend.telemetry.metrics.count_folder import CountFolder
from backend.telemetry.metrics.count_keeper import keep_counts
from backend.telemetry.metrics.counts import nothing
from backend.telemetry.metrics.metrics_place import count_folder, served
from workers.runtime.supervision.rescue_program import start_rescue
from workers.runtime.supervision.rescue_spec import Burial, RescueSpec
from workers.runtime.supervision.rescues import Rescues
from workers.runtime.supervision.supervisor import Supervisor
from workers.runtime.supervision.supervisor_spec import SupervisorSpec

if TYPE_CHECKING:
    from prometheus_client.registry import Collector


class SupervisorParts:
    """Everything of one supervisor."""

    def __init__(self, spec: SupervisorSpec) -> None:
        self._spec = spec
        self.supervisor = Supervisor(
            spec.lanes,
            Rescues(self._rescue),
            lease_seconds=spec.lease_seconds,
            memory_kill_mb=spec.memory_kill_mb,
        )

    def _rescue(self, burials: Sequence[Burial], is_last: bool) -> subprocess.Popen[bytes]:
        spec = self._spec
        return start_rescue(RescueSpec(spec.redis_url, spec.root, spec.log, burials, is_last))

    @contextmanager
    def metrics(self) -> Iterator[None]:
        """Shows what the worker processes count; start those inside the block."""
        with count_folder() as folder:
            own = keep_counts(nothing)
            not_ready = self.supervisor.not_ready
            with served(lambda: self._collectors(folder), "worker", self._spec.metrics, not_ready):
                yield
            if own is not None:
                own.close()

    def _collectors(self, folder: CountFolder) -> list[Collector]:
        from backend.telemetry.metrics.process_collectors import DeathCollector, FolderCollector

        return [FolderCollector(folder), DeathCollector(lambda: self.supervisor.deaths)]
