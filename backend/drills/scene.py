"""The place of a drill: servers, supervisors, schedulers and recorders of its own, ended with it."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, cast

from redis import Redis

from backend.api.config.settings import load_settings
from backend.bootstrap.platform import Platform, new_job_id
from backend.bootstrap.record_parts import migrator
from backend.broker.server.connection import translated
from backend.domain.errors import Unavailable
from backend.domain.jobs.job_state import JobState
from backend.drills.missed import Missed
from backend.drills.processes import Processes
from backend.embedded.servers import Servers, start_servers
from backend.services.jobs.job_options import JobRequest

_PACKAGE = "backend.drills.jobs"
#: Jobs looked at in one call.
_ASKED = 500
#: Looks at a Redis that is still starting, a tenth of a second apart.
_TRIES = 100
#: Seconds after its end for which the rescuer leaves a lease alone.
RESCUE_GRACE = 1.0
#: What takes minutes in production takes seconds; nobody is killed for memory, and no port is taken.
_SETTINGS = {
    "TALLY_WORKER__HEARTBEAT": "0.5",
    "TALLY_WORKER__GRACE": "5",
    "TALLY_WORKER__MEMORY_LIMIT_MB": "256",
    "TALLY_WORKER__MEMORY_KILL_MB": "0",
    "TALLY_WORKER__ASYNC_SLOTS": "600",
    "TALLY_SCHEDULER__RESCUE_GRACE": f"{RESCUE_GRACE:g}",
    "TALLY_SCHEDULER__LEADER_LEASE": "1.5",
    "TALLY_METRICS__WORKER_PORT": "0",
    "TALLY_METRICS__SCHEDULER_PORT": "0",
    "TALLY_METRICS__RECORDER_PORT": "0",
    "TALLY_JOB_PACKAGES": _PACKAGE,
    "TALLY_LOG__FORMAT": "json",
}


class Scene:
    """A deployment with short leases; with a Postgres and recorders where the harm asks for them."""

    def __init__(
        self,
        folder: Path,
        servers: Servers,
        *,
        seed: int,
        hold_seconds: float,
        lease_seconds: float,
        with_record: bool,
    ) -> None:
        self.servers = servers
        self.with_record = with_record
        self.lease_seconds = lease_seconds
        self.dice = random.Random(seed)  # noqa: S311 - a repeatable drill, not a secret
        #: Apart, for jobs are made beside the blows, and these shall fall the same again.
        self._job_dice = random.Random(seed + 1)  # noqa: S311 - likewise
        self.effects = folder / "effects"
        self.effects.touch()
        #: Every job that was accepted.
        self.ids: list[str] = []
        #: What was done to nobody.
        self.missed = Missed()
        self._final: set[str] = set()
        self._hold_seconds = hold_seconds
        self._postgres_log = folder / "state" / "log" / "postgres.log"
        chosen = {"REDIS_URL": servers.redis_url, "TALLY_WORKER__LEASE": f"{lease_seconds:g}"}
        if with_record:
            chosen["JOB_QUEUE_DATABASE_URL"] = servers.database_url
        self.processes = Processes(folder / "log", {**os.environ, **_SETTINGS, **chosen})
        self.platform = Platform(_settings(servers, with_record=with_record))
        self.platform.load_library()
        if with_record:
            migrator(self.platform).apply()

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        seed: int,
        hold_seconds: float,
        lease_seconds: float,
        with_record: bool,
    ) -> Self:
        """Starts the servers.

        They hand each write to the kernel before they answer, and leave it to the kernel when it reaches
        the disk. So all that was accepted outlives a killed server, and that is what a drill is about.
        ``appendfsync everysec`` does not promise it: while the disk is slow Redis answers first and writes
        up to two seconds later, and what it had accepted meanwhile dies with it.
        """
        servers = start_servers(folder / "state", for_tests=True, postgres=with_record)
        return cls(
            folder,
            servers,
            seed=seed,
            hold_seconds=hold_seconds,
            lease_seconds=lease_seconds,
            with_record=with_record,
        )

    def start_all(self) -> None:
        """Two of each kind of process, and one recorder."""
        for _ in range(2):
            self.processes.start_scheduler()
            self.processes.start_supervisor()
        self.with_postgres(self.processes.start_recorder)

    def with_postgres(self, act: Callable[[], Any]) -> None:
        """Does something where the deployment has a record, and nothing elsewhere."""
        if self.with_record:
            act()

    def hold(self, times: int = 1, *, felt: Callable[[], bool] = lambda: True) -> None:
        """Lets a refusal last: how long it does is what the blow is about.

        On a machine that is busy nobody may have asked by then: so it also lasts until it was ``felt``.
        """
        time.sleep(self._hold_seconds * times)
        self.missed.unless(felt, "nobody asked for what was refused")

    def told_by_postgres(self, words: str) -> int:
        """How often these words are in the log of Postgres."""
        return self._postgres_log.read_text(encoding="utf-8", errors="replace").count(words)

    def refusals(self) -> dict[str, int]:
        """How often Redis refused what, since it was started last."""
        with self.redis_admin() as admin:
            stats: Any = admin.info("errorstats")
        return {word.removeprefix("errorstat_"): int(told["count"]) for word, told in stats.items()}

    @contextmanager
    def redis_admin(self) -> Iterator[Redis]:
        """A connection of the drill's own to Redis, which waits however long Redis is kept busy."""
        with Redis.from_url(
            self.servers.redis_url, decode_responses=True, socket_timeout=None
        ) as admin:
            yield admin

    def accept(self, jobs: int) -> None:
        """Enqueues jobs, some of them delayed."""
        self._accept([self._request() for _ in range(jobs)])

    def accept_hoard(self, megabytes: int) -> str:
        """Enqueues one job that leaves so much in the memory of its process; its id."""
        request = self._request(job_type="drill_hoard", priority="high")
        payload = {**request["payload"], "megabytes": megabytes}
        self._accept([{**request, "payload": payload}])
        return str(request["job_id"])

    def accept_many(self, jobs: int, gate: Path) -> list[str]:
        """Enqueues async jobs that run until there is a file; their ids."""
        requests = [self._request(job_type="drill_wait") for _ in range(jobs)]
        gated = {"file": str(self.effects), "seconds": 0.25, "gate": str(gate)}
        self._accept([{**request, "payload": gated} for request in requests])
        return [str(request["job_id"]) for request in requests]

    def accept_block(self, seconds: float) -> str:
        """Enqueues one that keeps the loop from all others for so long; its id."""
        request = self._request(job_type="drill_block", priority="high")
        self._accept([{**request, "payload": {**request["payload"], "seconds": seconds}}])
        return str(request["job_id"])

    def _request(self, **given: str) -> dict[str, Any]:
        late = {"delay": self._job_dice.random() * 5} if self._job_dice.random() < 0.2 else {}  # noqa: PLR2004
        return {
            "job_id": new_job_id(),
            "job_type": "drill_effect",
            "payload": {"file": str(self.effects), "seconds": self._job_dice.random() * 0.02},
            "priority": self._job_dice.choice(["high", "normal", "low"]),
            **({} if given else late),
            **given,
        }

    def _accept(self, requests: list[dict[str, Any]]) -> None:
        """Until it is certain that all were accepted.

        What may have been accepted when Redis went away is sent again under the same ids.
        """
        while True:
            try:
                self.ids += self.platform.queue_service.enqueue_many(
                    cast("list[JobRequest]", requests)
                )
            except Unavailable:
                time.sleep(0.1)
            else:
                return

    def how_many(self, ids: list[str], states: set[JobState]) -> int:
        """How many of some jobs are in one of these states; none while Redis cannot be asked."""
        try:
            return sum(job.state in states for job in self.platform.inspection.jobs(ids))
        except Unavailable:
            return 0

    def is_final(self, job_id: str) -> bool:
        """Whether a job has ended; not, while Redis cannot be asked."""
        try:
            return self.platform.queue_service.get_job(job_id).state.is_final
        except Unavailable:
            return False

    def ended(self) -> int:
        """How many of the drill's own jobs have ended: the books also count those of schedules.

        Asks about no more than some of those that had not, in turn.
        """
        unsure = [job_id for job_id in self.ids if job_id not in self._final]
        asked = self._job_dice.sample(unsure, min(len(unsure), _ASKED))
        with contextlib.suppress(Unavailable):
            jobs = self.platform.inspection.jobs(asked)
            self._final.update(job.id for job in jobs if job.state.is_final)
        return len(self._final)

    def in_flight(self) -> set[str]:
        """Which jobs are started now. Waits for a Redis that is still starting."""
        for _ in range(_TRIES):
            with contextlib.suppress(Unavailable):
                return self._leased()
            time.sleep(0.1)
        return self._leased()

    def _leased(self) -> set[str]:
        with translated():
            held: Any = self.platform.redis.zrange(self.platform.keys.leases, 0, -1)
        return {job_id.decode() for job_id in held}

    def close(self) -> None:
        """Ends every process, then the servers."""
        self.processes.close()
        self.platform.close()
        self.servers.stop()


def _settings(servers: Servers, *, with_record: bool) -> Any:
    record = {"database_url": servers.database_url} if with_record else {}
    return load_settings(redis_url=servers.redis_url, job_packages=_PACKAGE, **record)
