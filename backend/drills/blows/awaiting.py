"""Many async jobs in one process, which is killed, stopped, or blocked by one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from backend.domain.jobs.job_state import JobState
from backend.drills.processes import Process
from backend.drills.scene import Scene
from backend.drills.waiting import wait_while_it_grows

#: Jobs in one loop, and the seconds of no progress that are borne.
MANY, _PATIENCE = 500, 60.0


class _Crowd(NamedTuple):
    """Who runs the many."""

    ids: list[str]
    supervisor: Process


def kill_among_many(scene: Scene) -> set[str]:
    """SIGKILL to a worker process with 500 async jobs in flight."""
    with _crowd(scene) as crowd:
        workers = scene.processes.workers(crowd.supervisor)
        for worker in workers:
            scene.processes.kill(worker)
        if not workers:
            scene.missed.note("there was no worker process")
    # None had its effect: the gate was shut.
    return set()


def stop_among_many(scene: Scene) -> set[str]:
    """SIGTERM to one that cannot finish its 500 in time; another takes its place."""
    with _crowd(scene) as crowd:
        scene.processes.stop(crowd.supervisor)
        _start(scene)
    return set()


def block_among_many(scene: Scene) -> set[str]:
    """One job keeps the loop of 500 others for longer than a lease."""
    with _crowd(scene):
        told = scene.processes.told("loop.blocked")
        blocking = scene.accept_block(scene.lease_seconds + 2)
        wait_while_it_grows(lambda: int(scene.is_final(blocking)), 1, _PATIENCE)
        scene.missed.unless(
            lambda: scene.processes.told("loop.blocked") > told, "no loop was blocked"
        )
    return set()


@contextmanager
def _crowd(scene: Scene) -> Iterator[_Crowd]:
    """Many that all run in one process; when the block ends they may end, and no process serves them."""
    gate = scene.effects.with_name(f"gate-{len(scene.ids)}")
    before = list(scene.processes.supervisors)
    supervisor = _start(scene)
    ids = scene.accept_many(MANY, gate)
    started = {JobState.STARTED}
    if not wait_while_it_grows(lambda: scene.how_many(ids, started), MANY, _PATIENCE):
        scene.missed.note(f"of {MANY} jobs {scene.how_many(ids, started)} ran at once")
    yield _Crowd(ids, supervisor)
    gate.touch()
    final = {state for state in JobState if state.is_final}
    wait_while_it_grows(lambda: scene.how_many(ids, final), MANY, _PATIENCE)
    others = [each for each in scene.processes.supervisors if each not in before]
    for each in scene.processes.alive(others):
        scene.processes.stop(each)


def _start(scene: Scene) -> Process:
    return scene.processes.start_supervisor(lane="many", processes=1)
