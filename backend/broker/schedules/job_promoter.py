"""rq-scheduler's `Scheduler` over our schedule: its keys and its reading side, without its run loop."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, NoReturn

from redis import Redis
from rq.job import Job
from rq.serializers import JSONSerializer
from rq_scheduler import Scheduler

from backend.broker.keys import Keys
from backend.broker.schedules.timetable import RedisTimetable
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions
from backend.domain.errors import InvalidRequest, QueueFull
from backend.domain.ports import Promotion

#: Seconds between two signs of life under rq-scheduler's key of this instance.
_SIGN_OF_LIFE = 10.0
_LONGEST_WAIT = 1.0


class JsonJob(Job):
    """RQ's job, read as JSON: nothing that lies in Redis is ever unpickled."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["serializer"] = JSONSerializer
        super().__init__(*args, **kwargs)


class JobPromoter(Scheduler):  # type: ignore[misc] # rq_scheduler has no types
    """A `Timetable` that rq-scheduler's own tools know.

    ``get_jobs``, ``count`` and ``in`` read what waits. Moving jobs is one step of our library, in
    batches; what rq-scheduler does in several steps (adding, repeating, changing a time) is refused,
    and names the door that does it. Any number may run: promoting a job twice is not possible.
    """

    def __init__(
        self,
        connection: Redis,
        blocking: Redis,
        keys: Keys,
        *,
        batch: int = 200,
        name: str | None = None,
    ) -> None:
        super().__init__(
            queue_name="normal",
            interval=int(2 * _SIGN_OF_LIFE),
            connection=connection,
            job_class=type("JsonJob", (JsonJob,), {"redis_job_namespace_prefix": keys.job("")}),
            name=name,
        )
        root = keys.root
        self.scheduled_jobs_key = keys.schedule
        self.scheduler_key = f"{root}:scheduler"
        self.scheduler_lock_key = f"{root}:scheduler_lock"
        self.redis_scheduler_namespace_prefix = f"{root}:scheduler_instance:"
        self._functions = Functions(connection, root)
        self._timetable = RedisTimetable(connection, blocking, keys)
        self._batch = batch
        self._seen_alive = float("-inf")

    def promote(self, most: int, fence: int) -> Promotion:
        """Moves up to ``most`` due jobs in one step; -1 when a newer leader has been here."""
        promotion = self._timetable.promote(most, fence)
        if time.monotonic() - self._seen_alive >= _SIGN_OF_LIFE:
            # Also of one that fails: what has moved is to be told, and who leads now.
            self._seen_alive = time.monotonic()
            # A memory that is full keeps a stock `rqscheduler` out as well: its lock is no less a key.
            with suppress(QueueFull):
                self.heartbeat()
        return promotion

    def wait_for_change(self, timeout: float) -> None:
        """Blocks until an earlier job arrives, at most ``timeout`` seconds."""
        self._timetable.wait_for_change(timeout)

    def leave_changes(self) -> None:
        """Leaves it to others to hear of earlier jobs."""
        self._timetable.leave_changes()

    def heartbeat(self) -> None:
        """Shows this instance under rq-scheduler's keys, which end by themselves soon after it does.

        Holding its lock keeps a stock ``rqscheduler``, started by mistake, from moving our jobs.
        """
        lifetime = self._interval + 10
        with translated():
            self.connection.hsetnx(self.key, "birth", time.time())
            self.connection.expire(self.key, lifetime)
            self.connection.set(self.scheduler_lock_key, self.name, ex=lifetime)

    def run(self, burst: bool = False) -> None:
        """Promotes until the process ends, or until nothing is due (``burst``)."""
        while True:
            promotion = self.promote(self._batch, 0)
            if promotion.moved >= self._batch:
                continue
            if burst:
                return
            due = promotion.next_due
            self.wait_for_change(_LONGEST_WAIT if due is None else min(due, _LONGEST_WAIT))

    def enqueue_jobs(self) -> int:
        """Promotes everything that is due; how many jobs."""
        moved = 0
        while True:
            promotion = self.promote(self._batch, 0)
            moved += promotion.moved
            if promotion.moved < self._batch:
                return moved

    def cancel(self, job: Job | str) -> None:
        """Cancels a waiting job for good. A job that is gone or has ended is left alone."""
        job_id = job.id if isinstance(job, Job) else job
        if job_id in self:
            self._functions.call("cancel", self.name, "canceled through rq-scheduler", "", job_id)

    def _refuse(self, *_args: Any, **_options: Any) -> NoReturn:
        raise InvalidRequest(
            "jobs are enqueued by QueueService.enqueue_job(run_at=…) and repeated by "
            "SchedulerService.create(cron=…): rq-scheduler's own way could lose or double them"
        )

    enqueue_at = enqueue_in = schedule = cron = enqueue_job = change_execution_time = _refuse
    _create_job = _refuse
