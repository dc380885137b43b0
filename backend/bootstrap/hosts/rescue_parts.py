"""What gives back the jobs of dead worker processes, wired from what their supervisor knows."""

from __future__ import annotations

from backend.broker.jobs.lease_book import RedisLeaseBook
from backend.broker.server.connector import Connector
from backend.broker.shard import Shard
from backend.broker.workers.worker_commands import RedisWorkerCommands
from workers.runtime.supervision.rescue import Rescue
from workers.runtime.supervision.rescue_spec import RescueSpec


def rescue_of(spec: RescueSpec) -> Rescue:
    """Reads no settings."""
    shard = Shard(0, spec.root, Connector(spec.redis_url))
    return Rescue(shard.part(RedisLeaseBook), shard.part(RedisWorkerCommands).forget)
