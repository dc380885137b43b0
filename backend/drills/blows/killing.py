"""Processes that are killed or frozen, and connections that are cut."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import psutil

from backend.broker.server.connection import translated
from backend.domain.errors import Unavailable
from backend.drills.scene import RESCUE_GRACE, Scene

_CUT = ("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


def kill_worker(scene: Scene) -> set[str]:
    """SIGKILL to one worker process."""
    victim = _standing_still(scene)
    if victim is None:
        return set()
    try:
        return scene.in_flight()
    finally:
        scene.processes.kill(victim)


def freeze_worker(scene: Scene) -> set[str]:
    """SIGSTOP to one worker process for longer than a lease, then SIGCONT."""
    victim = _standing_still(scene)
    if victim is None:
        return set()
    try:
        # Longer than a lease and the rescuer's grace.
        in_flight = scene.in_flight()
        time.sleep(scene.lease_seconds + RESCUE_GRACE + 1)
        return in_flight
    finally:
        scene.processes.resume(victim)


def _standing_still(scene: Scene) -> psutil.Process | None:
    """A worker process that was stopped just now; waits for one where all were killed before.

    What it began after a look at the jobs in flight would seem to begin again for no reason.
    """
    stopped: list[psutil.Process] = []

    def falls() -> bool:
        workers = scene.processes.workers()
        victim = scene.dice.choice(workers) if workers else None
        if victim is not None and scene.processes.suspend(victim):
            stopped.append(victim)
        return bool(stopped)

    scene.missed.unless(falls, "there was no worker process")
    return stopped[0] if stopped else None


def kill_redis(scene: Scene) -> set[str]:
    """kill -9 of Redis, and its restart from the append-only file."""
    in_flight = scene.in_flight()
    scene.servers.kill_redis()
    time.sleep(scene.dice.random())
    scene.servers.restart_redis()
    return in_flight | scene.in_flight()


def cut_connections(scene: Scene) -> set[str]:
    """Every connection to Redis is cut, in the middle of whatever it carries."""
    in_flight = scene.in_flight()
    scene.missed.unless(lambda: _cut(scene) > 0, "nobody was connected")
    return in_flight | scene.in_flight()


def _cut(scene: Scene) -> int:
    """How many connections it were; none while Redis cannot be asked."""
    with suppress(Unavailable), translated():
        answer: Any = scene.platform.redis.execute_command(*_CUT)  # type: ignore[no-untyped-call]
        return int(answer)
    return 0


def kill_supervisor(scene: Scene) -> set[str]:
    """SIGKILL to one supervisor; another is started in its place."""
    alive = scene.processes.alive(scene.processes.supervisors)
    if not alive:
        scene.missed.note("no supervisor was alive")
        scene.processes.start_supervisor()
        return set()
    in_flight = scene.in_flight()
    victim = scene.dice.choice(alive)
    scene.processes.hurt(*scene.processes.workers(victim))
    scene.processes.kill(victim)
    in_flight |= scene.in_flight()
    scene.processes.start_supervisor()
    return in_flight


def kill_scheduler(scene: Scene) -> set[str]:
    """SIGKILL to one scheduler; another is started in its place."""
    alive = scene.processes.alive(scene.processes.schedulers)
    if alive:
        scene.processes.kill(scene.dice.choice(alive))
    else:
        scene.missed.note("no scheduler was alive")
    scene.processes.start_scheduler()
    return set()
