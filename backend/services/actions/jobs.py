"""What people and tokens do to one job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from backend.domain.access.actor import Actor
from backend.domain.jobs.job import EnqueueReply
from backend.domain.jobs.options.job_options import JobOptions, OwnOptions
from backend.domain.ports import Lease
from backend.services.actions.action import ActionFamily, action
from backend.services.actions.action_log import ActionLog, Effect
from backend.services.actions.ownership import Ownership
from backend.services.finding.stuck_jobs import StuckJobs
from backend.services.jobs.follow_up_plans import types_that_follow
from backend.services.jobs.job_control import JobControl
from backend.services.jobs.replay_service import Replay, ReplayService
from backend.services.queue_service import QueueService


class JobActions(ActionFamily):
    """Enqueue, cancel, retry, resolve, reprioritise, run now, replay, reset."""

    def __init__(
        self,
        log: ActionLog,
        ownership: Ownership,
        control: JobControl,
        *,
        queue: QueueService,
        replays: ReplayService,
        stuck: StuckJobs,
    ) -> None:
        super().__init__(log)
        self._ownership = ownership
        self._control = control
        self._queue = queue
        self._replays = replays
        self._stuck = stuck

    @action("jobs.enqueue", "type:{job_type}")
    def enqueue(
        self,
        by: Actor,
        /,
        job_type: str,
        payload: Mapping[str, Any],
        priority: str | None = None,
        **options: Unpack[JobOptions],
    ) -> Effect[EnqueueReply]:
        """Enqueues one job for a person. Programs enqueue through `QueueService` or HTTP."""
        self._ownership.check_types(by, job_type, *types_that_follow(options))
        reply = self._queue.accept(job_type, payload, priority, options)
        return Effect(reply, [reply.id], after={} if reply.created else {"created": False})

    @action("jobs.cancel", "job:{job_id}")
    def cancel(
        self, by: Actor, job_id: str, *, reason: str = "", force: bool = False
    ) -> Effect[str]:
        """Withdraws a job: ``canceled``, or ``asked`` when it runs; ``force`` stops it hard."""
        self._ownership.check(by, job_id)
        outcome = self._control.cancel(job_id, by=by, reason=reason, force=force)
        return Effect(outcome, [job_id], after={"outcome": outcome})

    @action("jobs.retry", "job:{job_id}")
    def retry(
        self,
        by: Actor,
        job_id: str,
        *,
        reason: str = "",
        payload: Mapping[str, Any] | None = None,
        anyway: bool = False,
    ) -> Effect[None]:
        """Sends a dead job home with all its attempts; with another payload if one is given."""
        self._ownership.check_to_run(by, job_id)
        if payload is not None:
            self._ownership.check_to_change(by, job_id)
        self._control.redrive(job_id, by=by, reason=reason, payload=payload, anyway=anyway)
        after = {"payload_changed": payload is not None, **({"anyway": True} if anyway else {})}
        return Effect(None, [job_id], after=after)

    @action("jobs.resolve", "job:{job_id}")
    def resolve(self, by: Actor, job_id: str, *, reason: str = "") -> Effect[None]:
        """Marks a dead job as done by hand."""
        self._ownership.check(by, job_id)
        self._control.resolve(job_id, by=by, reason=reason)
        return Effect(None, [job_id])

    @action("jobs.reprioritise", "job:{job_id}")
    def reprioritise(
        self, by: Actor, job_id: str, priority: str, *, reason: str = "", front: bool = False
    ) -> Effect[str]:
        """Moves a waiting job to another priority of its lane; the queue it is in then."""
        self._ownership.check(by, job_id)
        queue = self._control.reprioritise(job_id, priority, by=by, reason=reason, front=front)
        return Effect(queue, [job_id], after={"queue": queue})

    @action("jobs.run_now", "job:{job_id}")
    def run_now(self, by: Actor, job_id: str, *, reason: str = "") -> Effect[str]:
        """Queues a scheduled job before it is due, also one that waits to be retried; its queue."""
        self._ownership.check_to_run(by, job_id)
        queue = self._control.run_now(job_id, by=by, reason=reason)
        return Effect(queue, [job_id], after={"queue": queue})

    @action("jobs.replay", "job:{job_id}")
    def replay(
        self,
        by: Actor,
        job_id: str,
        *,
        reason: str = "",
        payload: Mapping[str, Any] | None = None,
        priority: str | None = None,
        idempotency_key: str | None = None,
        new_id: str | None = None,
    ) -> Effect[Replay]:
        """Runs any job of history again, as a new job that names its ancestor; which one runs now.

        Where a job that is the same is there already, or the key was used before, it is that one.
        ``new_id`` is the new one's where the key fixes it.
        """
        self._ownership.check_to_run(by, job_id)
        options: JobOptions = {"idempotency_key": idempotency_key, "job_id": new_id}
        own: OwnOptions = {}
        if by.tenant is not None:
            options["tenant"], own["is_confined"] = by.tenant, True
        done = self._replays.replay(job_id, payload=payload, priority=priority, own=own, **options)
        after = {"new_job": done.job_id} if done.twin is None else {"answered": done.twin.words}
        return Effect(done, [job_id, done.job_id], after=after)

    @action("jobs.reset_stuck", "jobs")
    def reset_stuck(
        self, by: Actor, seen: Sequence[Lease], *, reason: str = "", force: bool = False
    ) -> Effect[list[str]]:
        """Gives started jobs back to the front of their queues, uncharged; those that were.

        Those that are held as they were seen, and whose worker is lost, unless ``force``.
        """
        done = self._stuck.reset(seen, by=by, reason=reason, force=force)
        return Effect(done, done)
