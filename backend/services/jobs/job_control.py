"""What people do to jobs, queues and dead letters. Every action has a name and a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backend.domain.access.actor import Actor
from backend.domain.errors import (
    IllegalMove,
    InvalidOption,
    JobNotFound,
    NotUnique,
    UnknownPriority,
)
from backend.domain.jobs.job import JobView, NewJob
from backend.domain.jobs.job_type import JobTypeCatalogue
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.job_options import LINE
from backend.domain.jobs.options.rate import Rate, RateWord, check_plain
from backend.domain.jobs.published_type import DECLARATION
from backend.domain.jobs.queue_name import Priority, QueueName, queues_of
from backend.domain.jobs.step_codes import CancelCode, MoveCode, RedriveCode
from backend.domain.ports import Inspection, JobQueue, Operations
from backend.domain.text.nearest_name import suggestion
from backend.services.jobs.job_intake import JobIntake

_KINDS = ("queue", "lane", "type")


def held_thing(what: str, catalogue: JobTypeCatalogue, *, also: Sequence[str] = ()) -> str:
    """``queue:<name>``, ``lane:<name>`` or ``type:<name>`` that is there, by its whole name.

    ``also`` names other kinds, whose names are taken as they are. Raises `InvalidRequest`.
    """
    kind, name = _parted(what, also)
    if kind == "queue":
        return f"queue:{_queue_of(name, catalogue)}"
    if kind == "type":
        return f"type:{catalogue.get(name).name}"
    if kind == "lane" and name not in catalogue.lanes():
        raise InvalidOption(f"there is no lane {name!r}{suggestion(name, catalogue.lanes())}")
    return what


def _parted(what: str, also: Sequence[str] = ()) -> tuple[str, str]:
    kind, _, name = what.partition(":")
    if kind not in (*_KINDS, *also) or not name:
        *first, last = (f"{each}:<name>" for each in (*_KINDS, *also))
        raise InvalidOption(f"{what!r}: say {', '.join(first)} or {last}")
    return kind, name


def _queue_of(name: str, catalogue: JobTypeCatalogue) -> QueueName:
    """A queue that workers can serve: a lane without a job type would be held in vain."""
    queue, lanes = QueueName.parse(name), catalogue.lanes()
    if queue.lane not in lanes:
        near = suggestion(name, [str(each) for each in queues_of(lanes)])
        raise UnknownPriority(
            f"there is no queue {name!r}{near or '; tally queues list --all names them'}"
        )
    return queue


def _of_key(key: str) -> str:
    """The key itself; raises `InvalidOption` for a text that is none."""
    if not LINE.fits(key):
        raise InvalidOption(f"a key is {LINE.words}, not {key!r}", field="key")
    return key


def _nowhere(_name: str) -> None:
    """What was said is kept in Redis alone."""


class JobControl:
    """Cancel, redrive, discard, resolve, reprioritise, run now, pause, resume, purge."""

    def __init__(
        self,
        operations: Operations,
        inspection: Inspection,
        queue: JobQueue,
        intake: JobIntake,
        note: Callable[[str], None] = _nowhere,
    ) -> None:
        """``note`` is given the name of the control on which something was said, to write it down."""
        self._do = operations
        self.note = note
        self._look = inspection
        self._queue = queue
        self._intake = intake

    def cancel(self, job_id: str, *, by: Actor, reason: str = "", force: bool = False) -> str:
        """Withdraws a job: ``canceled``, or ``asked`` when it runs. Raises for a final one."""
        code = self._do.cancel([job_id], by=by.name, reason=reason, force=force)[0]
        if code is CancelCode.UNKNOWN:
            raise JobNotFound(f"no job {job_id!r} is waiting or running", job_id=job_id)
        if code is CancelCode.ENDED:
            raise IllegalMove(f"job {job_id} has ended already", job_id=job_id)
        return "canceled" if code is CancelCode.CANCELED else "asked"

    def redrive(
        self,
        job_id: str,
        *,
        by: Actor,
        reason: str = "",
        payload: Mapping[str, Any] | None = None,
        anyway: bool = False,
    ) -> None:
        """Sends a dead job home with all its attempts; with another payload if one is given.

        What follows from that payload is told anew: limit key, destination, which jobs are the same.

        Raises `NotUnique` where a job that is the same holds their key, unless it is to be done ``anyway``.
        """
        how: Any = {"by": by.name, "reason": reason, "anyway": anyway}
        asked = None if payload is None else self._intake.check_anew(self._find(job_id), payload)
        if asked is None:
            done = self._do.redrive([job_id], **how)[0]
        else:
            new = (asked.job_type, asked.payload)
            done = self._do.redrive_changed(job_id, *new, asked=asked, **how)
        if done is RedriveCode.KEPT_OUT:
            raise self._kept_out(job_id, asked)
        if not done:
            raise self._not_dead(job_id)

    def discard(self, job_id: str, *, by: Actor, reason: str = "") -> None:
        """Takes a dead job out of the dead-letter queue for good."""
        if not self._do.discard([job_id], by=by.name, reason=reason)[0]:
            raise self._not_dead(job_id)

    def resolve(self, job_id: str, *, by: Actor, reason: str = "") -> None:
        """Marks a dead job as done by hand."""
        if not self._do.resolve([job_id], by=by.name, reason=reason)[0]:
            raise self._not_dead(job_id)

    def reprioritise(
        self, job_id: str, priority: str, *, by: Actor, reason: str = "", front: bool = False
    ) -> str:
        """Moves a waiting job to another priority of its lane; the queue it is in then."""
        job = self._find(job_id)
        target = str(QueueName(Priority.parse(priority), QueueName.parse(job.queue).lane))
        moved = self._do.reprioritise([(job_id, target)], by=by.name, reason=reason, front=front)
        if moved[0] is MoveCode.NOT_WAITING:
            raise IllegalMove(f"job {job_id} is {job.state}; only waiting jobs can move")
        return target

    def run_now(self, job_id: str, *, by: Actor, reason: str = "") -> str:
        """Queues a scheduled job before it is due, also one that waits to be retried; its queue."""
        queued = self._do.run_now([job_id], by=by.name, reason=reason)[0]
        job = self._find(job_id)
        if not queued:
            raise IllegalMove(f"job {job_id} is {job.state}; only scheduled jobs can be run sooner")
        return job.queue

    def pause(self, what: str, *, by: Actor, reason: str = "") -> bool:
        """Pauses ``queue:<name>``, ``lane:<name>`` or ``type:<name>``; False if it was already."""
        what = self._checked(what)
        paused = self._do.pause(what, by=by.name, reason=reason)
        if paused:
            self.note(f"pause:{what}")
        return paused

    def resume(self, what: str, *, by: Actor, reason: str = "") -> bool:
        """Resumes it, also what was paused and is gone since; False if it was not paused."""
        kind, name = _parted(what)
        what = f"queue:{QueueName.parse(name)}" if kind == "queue" else what
        lanes = self._intake.catalogue.lanes()
        resumed = self._do.resume(what, lanes, by=by.name, reason=reason)
        if resumed:
            self.note(f"pause:{what}")
        else:
            # Whoever mistyped a name must not read that it is not paused.
            self._checked(what)
        return resumed

    def limit(self, job_type: str, most: int | None, *, by: Actor, reason: str = "") -> int:
        """How many jobs of a type may run at once in the cluster, and from now on; 0: no limit.

        None gives the limit back to the job type's declaration: it is what that says, now and later.
        """
        kind = self._intake.catalogue.get(job_type)
        checked = bounds.LIMIT.whole(most) if most else (0 if most == 0 else kind.limit or 0)
        sayer = DECLARATION if most is None else by.name
        self._do.limit(kind.name, checked, by=sayer, reason=reason)
        self.note(f"limit:type:{kind.name}")
        return checked

    def limit_key(self, key: str, most: int | None, *, by: Actor, reason: str = "") -> None:
        """How many jobs of a key may run at once; 0: as many as can; None: as they say themselves."""
        checked = bounds.LIMIT.whole(most) if most else most
        self._do.limit_key(_of_key(key), checked, by=by.name, reason=reason)
        self.note(f"keylimit:key:{key}")

    def rate(
        self, job_type: str, rate: Rate | RateWord, *, by: Actor, reason: str = ""
    ) -> Rate | None:
        """How many jobs of a type may start in a time in the cluster; which rate holds from now on.

        Raises `InvalidOption` for a rate by key, or with a weight: those a job type declares.
        """
        kind, sayer = self._intake.catalogue.get(job_type), by.name
        if isinstance(rate, Rate):
            check_plain(rate, "rate")
        if rate is RateWord.DECLARED:
            wanted, sayer = kind.rate, DECLARATION
        else:
            wanted = rate if isinstance(rate, Rate) else None
        self._do.rate(kind.name, wanted, by=sayer, reason=reason)
        self.note(f"rate:type:{kind.name}")
        return wanted

    def rate_key(
        self, key: str, rate: Rate | RateWord, *, by: Actor, reason: str = ""
    ) -> Rate | RateWord:
        """How many jobs of a key may start in a time: a rate, none, or as they say; what was said."""
        checked = _of_key(key)
        # What begins with @ is the rate of a tenant's quota.
        if ":" not in key or key.startswith("@"):
            raise InvalidOption(
                f"jobs with a rate by key have keys like call_crm:acme, not {key!r}", field="key"
            )
        said = rate.numbers if isinstance(rate, Rate) else rate
        self._do.rate_key(checked, said, by=by.name, reason=reason)
        self.note(f"keyrate:key:{key}")
        return said

    def purge(self, queue: str, *, by: Actor, reason: str = "") -> int:
        """Cancels everything that waits in a queue; how many."""
        return self._do.purge(str(QueueName.parse(queue)), by=by.name, reason=reason)

    def _checked(self, what: str) -> str:
        return held_thing(what, self._intake.catalogue)

    def _find(self, job_id: str) -> JobView:
        job = self._queue.find(job_id)
        if job is None:
            raise JobNotFound(f"no job {job_id!r} in Redis", job_id=job_id)
        return job

    def _kept_out(self, job_id: str, asked: NewJob | None) -> Exception:
        scope = self._find(job_id).scope if asked is None else asked.scope
        holder = self._look.holder_of(scope) if scope else ""
        return NotUnique(
            f"job {job_id} is not sent home: job {holder}, which is the same, holds the key that they "
            "share. Wait until that one is through, or send it home anyway",
            job_id=job_id,
            holder=holder,
        )

    def _not_dead(self, job_id: str) -> Exception:
        job = self._find(job_id)
        return IllegalMove(f"job {job_id} is {job.state}, not in the dead-letter queue")
