"""A slot pool beside an event loop: of what its slots claim, async jobs go there at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job import ClaimedJob
from backend.domain.ports import WantedTypes
from workers.runtime.loop.loop_jobs import LoopJobs
from workers.runtime.loop.loop_seeker import LOOK_SECONDS, STEP_SECONDS
from workers.runtime.loop.loop_slot import LoopSlot
from workers.runtime.loop.passing_over import PassingOver
from workers.runtime.slots.idle_slots import MOST_JOBS
from workers.runtime.slots.slot import Slot
from workers.runtime.slots.slot_pool import SlotPool


class LoopSlotPool(SlotPool):
    """Claims for slots and loop alike, and never more than either has places for.

    While all that comes is for the loop, a claim asks for as many jobs as that has room for, and those
    who settle for it claim as well.
    """

    def __init__(
        self, loop_jobs: LoopJobs, passing_over: PassingOver | None = None, **shared: Any
    ) -> None:
        """Without ``passing_over`` all jobs of its lanes are async."""
        super().__init__(**shared)
        self._passing_over = passing_over
        self._loop_jobs = loop_jobs
        self._places = loop_jobs.places
        #: The last claim brought as many jobs as were asked for: there may be more.
        self._is_more = False
        #: The last jobs that came were all for the loop.
        self._is_all_async = False

    def exchange(self, ended: list[tuple[ClaimedJob, Outcome]], most: int) -> Sequence[ClaimedJob]:
        """As every pool does; returns what is to run in the slot's own thread."""
        promised = self._places.promise(MOST_JOBS if most and self._is_all_async else most)
        others = self._sorted_out(super().exchange(ended, promised), promised)
        if len(others) > most:
            # So many were asked for because all would be async. The slot itself wants no more than before.
            self.give_back(self.idle.deal(others[most:]))
        return others[:most]

    def settle(self, slots: Sequence[LoopSlot]) -> None:
        """Settles what has ended in the loop; while jobs stream in, claims for it in the same trip."""
        for slot in slots:
            if slot.context is not None:
                self._loop_jobs.progress.catch_up(slot.context)
        promised = refilled = 0
        if self._is_all_async and self._is_more and not self.stopping.is_set():
            refilled = len(slots)
            promised = refilled + self._places.promise(MOST_JOBS - refilled)
        claimed = super().exchange([slot.ended for slot in slots if slot.ended], promised)
        for slot in slots:
            slot.settled()
        self._places.give_back(slots, refilled)
        if promised:
            self.give_back(self.idle.deal(self._sorted_out(claimed, promised)))
        for _ in slots if self.stopping.is_set() else ():
            self.left.release()

    def _sorted_out(self, claimed: Sequence[ClaimedJob], promised: int) -> Sequence[ClaimedJob]:
        """Starts what is for the loop; returns the rest."""
        for_loop: list[ClaimedJob] = []
        others: list[ClaimedJob] = []
        for job in claimed:
            (for_loop if self._is_for_loop(job) else others).append(job)
        if promised:
            self._is_more = len(claimed) == promised
        if claimed:
            self._is_all_async = not others
        self._loop_jobs.start(for_loop, promised)
        return others

    @property
    def passes_over(self) -> bool:
        """Whether plain jobs may come between its async ones."""
        return self._passing_over is not None

    def pick_for_loop(self) -> bool:
        """While every thread is busy: claims for the loop alone; whether there may be more at once."""
        passing = self._passing_over
        if passing is None or self.idle.has_somebody:
            return False
        promised = self._places.promise(MOST_JOBS)
        if not promised:
            return False
        claimed: Sequence[ClaimedJob] = ()
        try:
            claimed = self._picked(passing, passing.for_loop, promised)
        finally:
            for_loop = [job for job in claimed if self._is_for_loop(job)]
            self._loop_jobs.start(for_loop, promised)
        self._put_off([job for job in claimed if not self._is_for_loop(job)])
        return len(claimed) == promised or passing.is_on_its_way(passing.for_loop)

    def _put_off(self, others: Sequence[ClaimedJob]) -> None:
        """What nothing here can run, whose type is the loop's all the same: it is of a newer version."""
        for job in others:
            runner = self.runner_of(job)
            if isinstance(runner, Outcome):
                super().exchange([(job, runner)], 0)
            else:
                self.give_back([job])

    def _picked(self, passing: PassingOver, wanted: WantedTypes, most: int) -> Sequence[ClaimedJob]:
        if self.stopping.is_set():
            return ()
        try:
            claimed = passing.pick(wanted, most)
        except Exception:
            self.in_doubt = True
            raise
        if not self.stopping.is_set():
            return claimed
        self.give_back(claimed)
        return ()

    def _is_for_loop(self, job: ClaimedJob) -> bool:
        """A suspect runs alone in a child, and what this process does not know is put off."""
        return (
            job.job_type in self._loop_jobs.prepared
            and not job.suspect
            and not isinstance(self.runner_of(job), Outcome)
        )

    def wait_for_work(self, slot: Slot) -> bool:
        """As in every pool; but a slot that handed on all it claimed asks again while there is more."""
        if self._is_more and self._places.has_room():
            return not self.stopping.is_set()
        return super().wait_for_work(slot)

    def _listen(self, most: int) -> Sequence[ClaimedJob] | None:
        """Waits for room first: nothing may be claimed that could not begin."""
        if self._passing_over is not None and not self._places.has_room():
            return self._listen_for_threads(self._passing_over, most)
        if not self._places.wait_for_room() or self._is_more:
            return None
        promised = self._places.promise(most)
        if not promised:
            return None
        jobs = super()._listen(promised)
        others = self._sorted_out(jobs or (), promised)
        # None where all of it went to the loop: there may be more, which nobody will be called for.
        return None if jobs and not others else (jobs and others)

    def _listen_for_threads(self, passing: PassingOver, most: int) -> Sequence[ClaimedJob] | None:
        """While the loop is full. Nobody waits to be called: he would have to leave async jobs lying."""
        try:
            found = self._picked(passing, passing.for_threads, most)
        except Exception as error:  # noqa: BLE001 - told by the outages
            self.stopping.wait(self._listener.failed(error))
            return None
        self._listener.over()
        if not found:
            is_more = passing.is_on_its_way(passing.for_threads)
            self._places.wait_for_room(STEP_SECONDS if is_more else LOOK_SECONDS)
        return found

    def stop(self) -> None:
        """Claims nothing more; slots leave as their jobs end."""
        super().stop()
        self._places.end()
