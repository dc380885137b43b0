"""The harms that `tally drill --harm` knows: which blows fall, and how long the pauses are."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from backend.drills.blows import awaiting, killing, ordering, refusing
from backend.drills.blows import hurting_postgres as postgres
from backend.drills.scene import Scene

#: Ids of the jobs that may begin again because of it.
Blow = Callable[[Scene], set[str]]


class Harm(NamedTuple):
    """Its blows fall in turn."""

    what: str
    blows: tuple[Blow, ...]
    pause_seconds: float
    #: Whether a Postgres and recorders belong to the deployment, and the record is counted too.
    with_record: bool = False
    #: Whether jobs may be charged an attempt for it.
    charges: bool = True


_REFUSED = (
    refusing.without_replicas,
    refusing.unable_to_save,
    refusing.busy,
    refusing.read_only,
    refusing.out_of_memory,
)
_POSTGRES = (
    postgres.kill_postgres,
    postgres.postgres_read_only,
    postgres.no_connections,
    postgres.lock_tables,
    postgres.fill_disk,
)

HARMS = {
    "workers": Harm("worker processes are killed", (killing.kill_worker,), 0.5),
    "freeze": Harm("a worker process stands still", (killing.freeze_worker,), 0.5),
    "redis": Harm("Redis is killed and restarted", (killing.kill_redis,), 1.5),
    "connections": Harm("connections to Redis are cut", (killing.cut_connections,), 0.3),
    "supervisors": Harm("supervisors are killed", (killing.kill_supervisor,), 1.5),
    "schedulers": Harm("schedulers are killed", (killing.kill_scheduler,), 1.0),
    "refused": Harm("Redis answers NOREPLICAS, MISCONF, BUSY, READONLY, OOM", _REFUSED, 0.5, True),
    "starting": Harm(
        "processes start first, the stores one after the other",
        (ordering.start_before_the_stores,),
        1.5,
        True,
    ),
    "everybody-stopped": Harm(
        "SIGTERM to all processes at once", (ordering.stop_everybody,), 1.5, True
    ),
    "recycled": Harm("worker processes are replaced", (ordering.recycle_workers,), 1.5),
    "hungry": Harm(
        "jobs leave their processes more memory than is allowed", (ordering.hoard_memory,), 1.0
    ),
    "mute": Harm("the output of processes is on a full disk", (ordering.mute,), 0.5, True),
    "postgres": Harm(
        "Postgres is killed, read-only, out of connections, locked, full", _POSTGRES, 0.5, True
    ),
    "async": Harm(
        "500 async jobs in one process that is killed, stopped, blocked by one of them",
        (awaiting.kill_among_many, awaiting.stop_among_many, awaiting.block_among_many),
        0.5,
        charges=False,
    ),
    "everything": Harm(
        "all of these in turn",
        (
            killing.kill_worker,
            killing.kill_redis,
            killing.cut_connections,
            killing.kill_supervisor,
            killing.kill_scheduler,
            killing.freeze_worker,
            *_REFUSED,
            ordering.recycle_workers,
            ordering.hoard_memory,
            ordering.mute,
            *_POSTGRES,
            ordering.stop_everybody,
            ordering.start_before_the_stores,
        ),
        0.7,
        True,
    ),
}


def harms_in_words() -> str:
    """One line for each, for the help."""
    return "\n".join(f"  {name:<18} {harm.what}" for name, harm in HARMS.items())
