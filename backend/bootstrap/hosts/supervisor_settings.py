"""What of the settings a supervisor is told; it reads none itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from backend.bootstrap.metrics_parts import metrics_place, metrics_settings
from backend.bootstrap.platform import Platform
from workers.runtime.supervision.supervisor_spec import LaneSpec, SupervisorSpec


def supervisor_spec(
    parts: Platform,
    lanes: Sequence[str],
    *,
    processes: int | None = None,
    slots: int | None = None,
    pid_file: Path | None = None,
    together: bool = False,
) -> SupervisorSpec:
    """What a supervisor that keeps the worker processes of some lanes alive on this host is told.

    ``together``: each of its processes serves all of the lanes.
    """
    settings, worker = parts.settings, parts.settings.worker
    # Where the queue is in memory, no other process can reach it: asking for it says so.
    root = parts.home.root
    return SupervisorSpec(
        redis_url=settings.redis_url,
        root=root,
        lanes={
            ",".join(served): LaneSpec(
                processes or worker.processes,
                slots or max(map(parts.slots_of, served)),
                max(map(worker.grace_of, served)),
                max(map(parts.async_slots_of, served)),
            )
            for served in ([lanes] if together else [[lane] for lane in lanes])
        },
        lease_seconds=worker.lease,
        memory_kill_mb=worker.kill_above_mb,
        log=settings.log.said(),
        metrics=metrics_place(parts, metrics_settings(parts).worker_port),
        pid_file=str(pid_file.absolute()) if pid_file else None,
    )
