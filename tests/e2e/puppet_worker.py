"""A worker process whose jobs end as a test says: the broker and the record are the real ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence

from backend.bootstrap.platform import Platform
from backend.broker.jobs.dispatch import RedisDispatch
from backend.broker.workers.worker_presence import RedisWorkerPresence
from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.queue_name import queues_of
from backend.domain.ports import ClaimPlan
from tests.eventually import eventually

Act = Callable[[ClaimedJob], Outcome]


def done(job: ClaimedJob) -> Outcome:
    """Every job ends well."""
    return Outcome(OutcomeKind.FINISHED, result=json.dumps({"done": True}), run_seconds=0.05)


class PuppetWorker:
    """Claims from every queue of some lanes, one job at a time, in a thread of its own."""

    def __init__(
        self, platform: Platform, lanes: Sequence[str], act: Act = done, name: str = "puppet"
    ) -> None:
        queues = [str(queue) for queue in queues_of(list(lanes))]
        self.act = act
        self._plan = [ClaimPlan(queue, 0) for queue in queues]
        self._dispatch = RedisDispatch(
            platform.redis, platform.keys, worker=name, lanes=lanes, lease=60
        )
        self.presence = RedisWorkerPresence(
            platform.redis,
            platform.keys,
            name=name,
            lane=",".join(lanes),
            queues=queues,
            slots=4,
            lifetime=90,
        )
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begins to work."""
        self.presence.register()
        self._thread.start()

    def stop(self) -> None:
        """Ends; what it runs is settled first."""
        self._over.set()
        self._thread.join(10)
        self.presence.unregister()
        self.close()

    def close(self) -> None:
        """Ends its connection; whatever it does next opens another."""
        self._dispatch.close()

    def work_off(self, most: int = 1000) -> int:
        """Runs what waits now, in this thread, and leaves no connection; how many jobs it was."""
        ended = 0
        while jobs := self.claim(min(100, most)):
            self.settle([(job, self.act(job)) for job in jobs])
            ended += len(jobs)
        self.close()
        return ended

    def take(self, job_id: str) -> ClaimedJob:
        """Takes this job as soon as it waits; what comes before it is run.

        Jobs of others may come back at any time: what they left running is rescued.
        """

        def taken() -> ClaimedJob | None:
            for job in self.claim():
                if job.id == job_id:
                    return job
                self.settle([(job, self.act(job))])
            return None

        job = eventually(taken)
        assert job is not None
        return job

    def claim(self, most: int = 1) -> list[ClaimedJob]:
        """Takes jobs; they run until they are settled."""
        return self._dispatch.settle_and_claim([], self._plan, most)[1]

    def settle(self, ended: Sequence[tuple[ClaimedJob, Outcome]]) -> None:
        """Ends jobs."""
        self._dispatch.settle_and_claim(list(ended), [], 0)

    def _run(self) -> None:
        while not self._over.wait(0.05):
            jobs = self.claim()
            self.settle([(job, self.act(job)) for job in jobs])
            self.presence.beat([], stopping=False)
