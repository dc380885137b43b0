"""Processes that are killed or frozen, and connections that are cut."""

from __future__ import annotations

import time
from contextlib import suppress

import psutil
from redis.exceptions import RedisError

from backend.drills.scene import RESCUE_GRACE, Scene


def kill_worker(scene: Scene) -> set[str]:
    """SIGKILL to one worker process."""
    workers = scene.processes.workers()
    if not workers:
        return set()
    victim = scene.dice.choice(workers)
    # It stands still before it is killed: what it begins after the look would seem to begin again unasked.
    with suppress(psutil.NoSuchProcess), scene.processes.suspended(victim):
        in_flight = scene.in_flight()
        scene.processes.kill(victim)
        return in_flight
    return set()


def freeze_worker(scene: Scene) -> set[str]:
    """SIGSTOP to one worker process for longer than a lease, then SIGCONT."""
    workers = scene.processes.workers()
    if not workers:
        return set()
    victim = scene.dice.choice(workers)
    with suppress(psutil.NoSuchProcess), scene.processes.suspended(victim):
        in_flight = scene.in_flight()
        # Longer than a lease and the rescuer's grace.
        time.sleep(scene.lease_seconds + RESCUE_GRACE + 1)
        return in_flight
    return set()


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
    with suppress(RedisError):
        scene.platform.redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")  # type: ignore[no-untyped-call]
    return in_flight | scene.in_flight()


def kill_supervisor(scene: Scene) -> set[str]:
    """SIGKILL to one supervisor; another is started in its place."""
    alive = scene.processes.alive(scene.processes.supervisors)
    if not alive:
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
    scene.processes.start_scheduler()
    return set()
