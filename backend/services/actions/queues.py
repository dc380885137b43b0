"""What people and tokens do to queues, lanes and job types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from backend.domain.access.actor import Actor
from backend.domain.jobs.options.fairness import Fairness
from backend.domain.jobs.options.rate import Rate, RateWord
from backend.domain.ledger.foreign_job import ForeignJobs, queue_of_others
from backend.services.actions.action import ActionFamily, action
from backend.services.actions.action_log import ActionLog, Effect
from backend.services.jobs.bulk_service import CANCELED, BulkService
from backend.services.jobs.fair_control import FairControl
from backend.services.jobs.job_control import JobControl


class Purged(NamedTuple):
    """What a purge took: how many, and the ids of those that were seen before."""

    jobs: int
    job_ids: Sequence[str]


class QueueActions(ActionFamily):
    """Pause and resume queues and lanes; make queues fair; empty them."""

    def __init__(
        self,
        log: ActionLog,
        control: JobControl,
        bulk: BulkService,
        foreign: ForeignJobs,
        fair: FairControl,
    ) -> None:
        super().__init__(log)
        self._control = control
        self._bulk = bulk
        self._foreign = foreign
        self._fair = fair

    @action("queues.pause", "queue:{queue}")
    def pause(self, by: Actor, queue: str, *, reason: str = "") -> Effect[bool]:
        """Lets no worker take a job from a queue; what runs goes on. False if it was paused already."""
        return paused(self._control, f"queue:{queue}", by, reason)

    @action("queues.resume", "queue:{queue}")
    def resume(self, by: Actor, queue: str, *, reason: str = "") -> Effect[bool]:
        """Resumes a queue; False if it was not paused."""
        return resumed(self._control, f"queue:{queue}", by, reason)

    @action("queues.pause_lane", "lane:{lane}")
    def pause_lane(self, by: Actor, lane: str, *, reason: str = "") -> Effect[bool]:
        """Pauses all queues that one family of workers serves; False if they were already."""
        return paused(self._control, f"lane:{lane}", by, reason)

    @action("queues.resume_lane", "lane:{lane}")
    def resume_lane(self, by: Actor, lane: str, *, reason: str = "") -> Effect[bool]:
        """Resumes a lane; False if it was not paused."""
        return resumed(self._control, f"lane:{lane}", by, reason)

    @action("queues.fair", "queue:{queue}")
    def fair(
        self, by: Actor, queue: str, fairness: Fairness | None, *, reason: str = ""
    ) -> Effect[Fairness | None]:
        """Makes the jobs of a queue take turns by key; None: they go in their order again."""
        self._fair.set_rule(queue, fairness, by=by, reason=reason)
        after = {"fairness": fairness.text if fairness else ""}
        return Effect(fairness, [queue], after=after)

    @action("queues.purge", "queue:{queue}")
    def purge(self, by: Actor, queue: str, *, reason: str = "") -> Effect[Purged]:
        """Cancels everything that waits in a queue."""
        seen = self._bulk.waiting(queue).ids
        count = self._control.purge(queue, by=by, reason=reason)
        # Workers go on claiming from the front: what was seen first is what may be gone.
        ids = self._bulk.chosen(seen, CANCELED).ids
        return Effect(Purged(count, ids), ids, affected=count)

    @action("queues.purge_scheduled", "schedule")
    def purge_scheduled(
        self, by: Actor, queues: Sequence[str], *, reason: str = ""
    ) -> Effect[list[str]]:
        """Cancels what waits for its time and would go into some queues; the ids of what was."""
        canceled = self._bulk.cancel_scheduled(set(queues), by=by, reason=reason)
        return Effect(canceled, canceled)

    @action("queues.give_back", "queue:{queue}")
    def give_back(
        self, by: Actor, queue: str, job_ids: Sequence[str], *, reason: str = ""
    ) -> Effect[list[str]]:
        """Sends jobs that are not ours to a queue of RQ; the ids of those that were set apart until then.

        Raises `InvalidOption` for a queue that our own workers look into.
        """
        done = self._foreign.give_back(job_ids, queue_of_others(queue))
        given = [job_id for job_id, is_given in zip(job_ids, done, strict=True) if is_given]
        return Effect(given, given)


class JobTypeActions(ActionFamily):
    """Pause, resume and limit job types."""

    def __init__(self, log: ActionLog, control: JobControl) -> None:
        super().__init__(log)
        self._control = control

    @action("types.pause", "type:{job_type}")
    def pause(self, by: Actor, job_type: str, *, reason: str = "") -> Effect[bool]:
        """Lets no worker take jobs of a type: they wait aside. False if it was paused already."""
        return paused(self._control, f"type:{job_type}", by, reason)

    @action("types.resume", "type:{job_type}")
    def resume(self, by: Actor, job_type: str, *, reason: str = "") -> Effect[bool]:
        """Resumes a job type; False if it was not paused."""
        return resumed(self._control, f"type:{job_type}", by, reason)

    @action("types.limit", "type:{job_type}")
    def limit(self, by: Actor, job_type: str, most: int | None, *, reason: str = "") -> Effect[int]:
        """How many jobs of a type may run at once in the whole deployment, and how many; 0: no limit.

        None: as the job type declares it.
        """
        set_to = self._control.limit(job_type, most, by=by, reason=reason)
        return Effect(set_to, [job_type], after={"limit": set_to, "is_declared": most is None})

    @action("types.limit_key", "key:{key}")
    def limit_key(
        self, by: Actor, key: str, most: int | None, *, reason: str = ""
    ) -> Effect[int | None]:
        """How many jobs of a key may run at once; 0: as many as can; None: as they say themselves."""
        self._control.limit_key(key, most, by=by, reason=reason)
        return Effect(most, [key], after={"limit": most})

    @action("types.rate", "type:{job_type}")
    def rate(
        self, by: Actor, job_type: str, rate: Rate | RateWord, *, reason: str = ""
    ) -> Effect[Rate | None]:
        """How many jobs of a type may start in a time in the whole deployment; the rate that holds."""
        set_to = self._control.rate(job_type, rate, by=by, reason=reason)
        is_declared = rate is RateWord.DECLARED
        after = {"rate": set_to.text if set_to else "", "is_declared": is_declared}
        return Effect(set_to, [job_type], after=after)

    @action("types.rate_key", "key:{key}")
    def rate_key(
        self, by: Actor, key: str, rate: Rate | RateWord, *, reason: str = ""
    ) -> Effect[Rate | RateWord]:
        """How many jobs of a key may start in a time: a rate, none, or as they say themselves."""
        set_to = self._control.rate_key(key, rate, by=by, reason=reason)
        after = {"rate": set_to.text if isinstance(set_to, Rate) else set_to.value}
        return Effect(set_to, [key], after=after)


def paused(control: JobControl, what: str, by: Actor, reason: str) -> Effect[bool]:
    """Pauses ``queue:<name>``, ``lane:<name>`` or ``type:<name>``."""
    changed = control.pause(what, by=by, reason=reason)
    return Effect(
        changed,
        [what] if changed else [],
        before={"paused": not changed},
        after={"paused": True},
    )


def resumed(control: JobControl, what: str, by: Actor, reason: str) -> Effect[bool]:
    """Resumes it."""
    changed = control.resume(what, by=by, reason=reason)
    return Effect(
        changed, [what] if changed else [], before={"paused": changed}, after={"paused": False}
    )
