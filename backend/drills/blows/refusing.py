"""Redis answers, and refuses: nobody may end of it, and no job may be lost or charged.

While it refuses nobody takes a job: those in flight are known then, not before.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from backend.drills.scene import Scene
from backend.drills.waiting import wait_until

#: Seconds until Redis does what it was told; more is a fault of the drill's own.
_SOON = 60.0


def without_replicas(scene: Scene) -> set[str]:
    """NOREPLICAS: writes are refused because too few replicas are there."""
    with scene.redis_admin() as admin:
        felt = _refused_anew(scene, "NOREPLICAS")
        admin.config_set("min-replicas-to-write", 1)
        in_flight = scene.in_flight()
        scene.hold(felt=felt)
        admin.config_set("min-replicas-to-write", 0)
    return in_flight | scene.in_flight()


def unable_to_save(scene: Scene) -> set[str]:
    """MISCONF: writes are refused because a snapshot cannot be written to its folder."""
    with scene.redis_admin() as admin:
        where: Any = admin.config_get("d*")
        at = Path(where["dir"]) / where["dbfilename"]
        at.unlink(missing_ok=True)
        (at / "in the way").mkdir(parents=True)
        admin.config_set("save", "3600 1")
        felt = _refused_anew(scene, "MISCONF")
        _save(admin, "err")
        in_flight = scene.in_flight()
        scene.hold(felt=felt)
        (at / "in the way").rmdir()
        at.rmdir()
        _save(admin, "ok")
        admin.config_set("save", "")
    return in_flight | scene.in_flight()


def _refused_anew(scene: Scene, word: str) -> Callable[[], bool]:
    """Says whether Redis has refused somebody with this word since now."""
    before = scene.refusals().get(word, 0)
    return lambda: scene.refusals().get(word, 0) > before


def _save(admin: Redis, outcome: str) -> None:
    """Asks again and again: a rewrite of the append-only file may be under way."""

    def saved() -> bool:
        with contextlib.suppress(RedisError):
            admin.bgsave()
        return str(admin.info("persistence")["rdb_last_bgsave_status"]) == outcome

    if not wait_until(saved, _SOON):
        raise RuntimeError(f"no snapshot of Redis ended with {outcome!r}")


def busy(scene: Scene) -> set[str]:
    """BUSY: a script of somebody else does not end."""
    in_flight: set[str] = set()
    with scene.redis_admin() as admin:
        admin.config_set("busy-reply-threshold", 100)
        thread = threading.Thread(target=lambda: in_flight.update(_spin(scene)))
        thread.start()
        scene.missed.unless(lambda: _says(admin, "BUSY"), "no script kept Redis busy")
        scene.hold()
        admin.script_kill()
        thread.join()
    return in_flight | scene.in_flight()


def read_only(scene: Scene) -> set[str]:
    """READONLY: Redis has become the replica of a server that is not there."""
    with scene.redis_admin() as admin:
        felt = _refused_anew(scene, "READONLY")
        admin.replicaof("127.0.0.1", "1")
        in_flight = scene.in_flight()
        scene.hold(felt=felt)
        admin.replicaof("NO", "ONE")
    return in_flight | scene.in_flight()


def out_of_memory(scene: Scene) -> set[str]:
    """OOM: new jobs are refused for want of memory; those that are there go on, and none begins again."""
    with scene.redis_admin() as admin:
        felt = _refused_anew(scene, "OOM")
        admin.config_set("maxmemory", 1)
        scene.hold(felt=felt)
        admin.config_set("maxmemory", 0)
    return set()


def _spin(scene: Scene) -> set[str]:
    """Keeps Redis busy until that is killed; which jobs were in flight when it began."""
    with scene.redis_admin() as other:
        pipe = other.pipeline()
        pipe.zrange(scene.platform.keys.leases, 0, -1)
        pipe.eval("while true do end", 0)
        in_flight, _ = pipe.execute(raise_on_error=False)
    return set(in_flight)


def _says(admin: Redis, word: str) -> bool:
    try:
        admin.ping()
    except RedisError as error:
        return word in str(error)
    return False
