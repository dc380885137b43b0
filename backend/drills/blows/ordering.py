"""Starts and stops as operators and machines do them: all at once, in the wrong order, or unheard.

Whoever is asked to end finishes what he has begun: so no job may begin again because of them.
"""

from __future__ import annotations

from backend.drills.scene import Scene
from backend.drills.waiting import wait_until

#: Seconds that a busy machine may take to start a process.
_SOON = 60.0
_HOARDED_MEGABYTES = 300
_ROUNDS_OF_HOARDS = 6
#: Seconds until a worker process that holds too much is heard to make room.
_FELT_SECONDS = 10.0


def start_before_the_stores(scene: Scene) -> set[str]:
    """Everything is stopped; processes come first, Redis later, and Postgres later still."""
    processes = scene.processes
    processes.terminate_all()
    scene.servers.kill_redis()
    scene.with_postgres(scene.servers.kill_postgres)
    told = processes.told("store.waiting")
    scene.start_all()
    # Both schedulers and a supervisor at least have come so far; how long that takes is the machine's.
    scene.missed.unless(
        lambda: processes.told("store.waiting") >= told + 3, "who came first did not wait"
    )
    scene.hold()
    scene.servers.restart_redis()
    scene.hold()
    scene.with_postgres(scene.servers.start_postgres)
    return set()


def stop_everybody(scene: Scene) -> set[str]:
    """SIGTERM to every process and all its descendants at once, as a container's end sends it."""
    scene.processes.terminate_all()
    scene.start_all()
    return set()


def recycle_workers(scene: Scene) -> set[str]:
    """Every worker process is asked to make room for a fresh one, while it works."""
    # One that has only just started hears nobody yet.
    scene.missed.unless(lambda: any(_asked_to_end(scene)), "no worker process heard it")
    return set()


def _asked_to_end(scene: Scene) -> list[bool]:
    """Of each worker process, whether it hears that it is to end."""
    service = scene.platform.worker_service
    alive = [worker for worker in service.all() if not service.is_stale(worker)]
    return [service.stop(worker.name) for worker in alive]


def hoard_memory(scene: Scene) -> set[str]:
    """Jobs leave more memory in their processes than these may hold."""
    processes = scene.processes
    recycled = processes.told("worker.recycled", reason="memory")
    for _ in range(_ROUNDS_OF_HOARDS):
        _hoard(scene)
        # A process that was leaving already says nothing of what it holds: then it hits others.
        if wait_until(
            lambda: processes.told("worker.recycled", reason="memory") > recycled, _FELT_SECONDS
        ):
            return set()
    scene.missed.note("no worker process was replaced for its memory")
    return set()


def _hoard(scene: Scene) -> None:
    hoards = [scene.accept_hoard(_HOARDED_MEGABYTES) for _ in range(2)]
    # What a blow later watches must not be replaced because of this one.
    wait_until(lambda: all(scene.is_final(job_id) for job_id in hoards), _SOON)


def mute(scene: Scene) -> set[str]:
    """A supervisor, a scheduler and a recorder whose output is on a full disk take over from others."""
    processes = scene.processes
    for kind in (processes.supervisors, processes.schedulers, processes.recorders):
        for process in processes.alive(kind)[:1]:
            processes.stop(process)
    supervisor = processes.start_supervisor(mute=True)
    processes.start_scheduler(mute=True)
    scene.with_postgres(lambda: processes.start_recorder(mute=True))
    scene.missed.unless(
        lambda: len(processes.workers(supervisor)) == 2,  # noqa: PLR2004
        "the mute supervisor did not start its processes",
    )
    before = {worker.pid for worker in processes.workers(supervisor)}
    scene.hold()
    # Their supervisor cannot say so.
    processes.note_ended(before - {worker.pid for worker in processes.workers(supervisor)})
    return set()
