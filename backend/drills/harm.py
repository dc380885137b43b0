"""What is done to a deployment. Each harm is one blow; it says how many jobs were in flight then."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import psutil
from redis.exceptions import RedisError

from backend.drills.scene import Scene

#: Longer than a lease and the rescuer's grace in a drill.
_FROZEN_SECONDS = 5.0

Harm = Callable[[Scene], int]


def kill_worker(scene: Scene) -> int:
    """SIGKILL to one worker process."""
    workers = scene.workers()
    if not workers:
        return 0
    in_flight = scene.in_flight()
    with contextlib.suppress(psutil.NoSuchProcess):
        scene.dice.choice(workers).kill()
    return in_flight


def freeze_worker(scene: Scene) -> int:
    """SIGSTOP to one worker process for longer than a lease, then SIGCONT."""
    workers = scene.workers()
    if not workers:
        return 0
    in_flight = scene.in_flight()
    with contextlib.suppress(psutil.NoSuchProcess):
        sleeper = scene.dice.choice(workers)
        sleeper.suspend()
        time.sleep(_FROZEN_SECONDS)
        sleeper.resume()
    return in_flight


def kill_redis(scene: Scene) -> int:
    """kill -9 of Redis, and its restart from the append-only file."""
    in_flight = scene.in_flight()
    scene.servers.kill_redis()
    time.sleep(scene.dice.random())
    scene.servers.restart_redis()
    return in_flight


def cut_connections(scene: Scene) -> int:
    """Every connection to Redis is cut, in the middle of whatever it carries."""
    in_flight = scene.in_flight()
    with contextlib.suppress(RedisError):
        scene.platform.redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")  # type: ignore[no-untyped-call]
    return in_flight


def kill_supervisor(scene: Scene) -> int:
    """SIGKILL to one supervisor; another is started in its place."""
    alive = [process for process in scene.supervisors if process.poll() is None]
    if not alive:
        return 0
    in_flight = scene.in_flight()
    scene.dice.choice(alive).kill()
    scene.start_supervisor(2, 4)
    return in_flight


def kill_scheduler(scene: Scene) -> int:
    """SIGKILL to one scheduler; another is started in its place."""
    alive = [process for process in scene.schedulers if process.poll() is None]
    if alive:
        scene.dice.choice(alive).kill()
    scene.start_scheduler()
    return 0


#: By the name that `tally drill --harm` takes: the blows that may fall, and seconds between them.
HARMS: dict[str, tuple[list[Harm], float]] = {
    "workers": ([kill_worker], 0.5),
    "freeze": ([freeze_worker], 0.5),
    "redis": ([kill_redis], 1.5),
    "connections": ([cut_connections], 0.3),
    "supervisors": ([kill_supervisor], 1.5),
    "schedulers": ([kill_scheduler], 1.0),
    "everything": (
        [kill_worker, kill_redis, cut_connections, kill_supervisor, kill_scheduler, freeze_worker],
        0.7,
    ),
}
