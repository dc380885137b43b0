"""Any history as callers, workers and operators make it, by the ports alone, whichever broker is behind.

The model says after each rule what must be true. Time passes in strides, and whatever waits for a time
waits for one between two strides, so that no answer depends on milliseconds. At the end all is worked off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from backend.domain.errors import QuotaExceeded
from backend.domain.jobs.attempts.outcome import POISON, AttemptError
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.keyed_name import HOLD
from backend.domain.jobs.step_codes import ExtendCode, SettleCode
from backend.domain.ports import Rescued
from tests.contract.broker.brokers import Broker
from tests.contract.broker.jobs import new_job, outcome
from tests.contract.broker.scene import Scene
from tests.property.asked import LIMITS, asks, queues
from tests.property.followed import call_follow_ups, check_what_it_was_told, follow_up_options
from tests.property.held_back import TYPES, HeldBack, is_of_tenant, share_of
from tests.property.model import DELAYED, WAITING, ModelJob
from tests.property.picking_out import QUEUES, PickingOut
from tests.property.taking_turns import TakingTurns

KINDS = (
    *("finished", "retried", "snoozed", "failed", "poisoned"),
    *("released", "canceled", "crashed", "suspected", "returned", "put off"),
)
RESCUES = ("released", "returned", "crashed", "suspected", "retried", "failed", "poisoned")
#: Seconds. Strides are of hundreds; nothing is due within some seconds of where they lead.
STRIDES = (100, 500)
LEASE, DELAY, LIFE, WINDOW = 53.0, 257.0, 753.0, 953.0
MOST_JOBS = 12
_TOLD = {
    "": ExtendCode.EXTENDED,
    "ask": ExtendCode.ASKED_TO_CANCEL,
    "force": ExtendCode.ASKED_TO_STOP,
}

picks = st.integers(0, 1000)


class PortHistories(PickingOut, HeldBack, TakingTurns, RuleBasedStateMachine):
    """One deployment from its first job to its last."""

    open: ClassVar[Callable[[], Broker]]

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(type(self).open())
        self.begin_to_hold()
        self.jobs: dict[str, ModelJob] = {}
        self.now = 0.0
        #: When something ends or begins, by job: leases, schedule, lives; by key: windows.
        self.leases: dict[str, float] = {}
        self.due: dict[str, float] = {}
        self.lives: dict[str, float] = {}
        self.windows: dict[str, tuple[str, float]] = {}
        self.lost: list[ClaimedJob] = []

    # -- callers

    @initialize(many=st.lists(asks, min_size=2, max_size=6))
    def begin(self, many: list[dict[str, Any]]) -> None:
        for asked in many:
            self._enqueue(**asked)

    @precondition(lambda self: len(self.jobs) < MOST_JOBS)
    @rule(many=st.lists(asks, min_size=1, max_size=3))
    def enqueue(self, many: list[dict[str, Any]]) -> None:
        for asked in many:
            self._enqueue(**asked)

    def _enqueue(self, queue: str, kind: str, **said: Any) -> None:
        job_id = f"j{len(self.jobs)}"
        asked = self._asked(**said)
        if said["followed"]:
            asked["options"] |= follow_up_options(job_id)
        job = new_job(job_id, queue, job_type=kind, **asked)
        there = said["unique"] and self._holder_of(said["unique"])
        if self._is_refused(said["tenant"], is_there=bool(there)):
            with pytest.raises(QuotaExceeded, match=f"^{self._waiting_of_tenant()} jobs of the"):
                self.scene.ask(job)
            return
        [reply] = self.scene.ask(job)
        if said["unique"] and (holder := self._holder_of(said["unique"])):
            assert reply == (holder, False)
            return
        assert [reply, *self.scene.ask(job)] == [(job_id, True), (job_id, False)]
        state = JobState.SCHEDULED if said["delayed"] else JobState.QUEUED
        self.jobs[job_id] = ModelJob(job, state, queue)
        self.due |= {job_id: self.now + DELAY} if said["delayed"] else {}
        self.lives |= {job_id: self.now + LIFE} if said["mortal"] else {}
        self.windows |= {said["unique"]: (job_id, self.now + WINDOW)} if said["unique"] else {}

    def _asked(
        self,
        *,
        delayed: bool,
        mortal: bool,
        key: str,
        tenant: str,
        unique: str,
        most: int,
        kept: bool,
        takes: int,
        **_: Any,
    ) -> dict[str, Any]:
        limit = {"limit_key": key, "limit": LIMITS[key]} if key else {}
        return {
            "delay": DELAY if delayed else 0.0,
            "expires_at": self._instant(LIFE) if mortal else None,
            "max_attempts": most,
            "unique_key": unique,
            "unique_window": WINDOW if unique else 0.0,
            "result_ttl": 10**7,
            "options": {
                **limit,
                **({HOLD: True} if key and kept else {}),
                **share_of(takes),
                **({"tenant": tenant} if tenant else {}),
            },
            **limit,
        }

    # -- workers

    @rule(most=st.integers(1, 6), asked=st.permutations(QUEUES), share=st.integers(0, 2))
    def claim(self, most: int, asked: list[str], share: int) -> None:
        claimed = self.scene.claim(most, asked, lease_seconds=LEASE, guaranteed={asked[-1]: share})
        self.claimed(claimed, most)
        if len(claimed) < most:
            assert [q for q in asked if self._is_open(q) and self._waiting(q)] == []

    def claimed(self, claimed: list[ClaimedJob], most: int) -> None:
        assert len(claimed) <= most
        self._note_expired()
        for held in claimed:
            self._may_start_now(held)
            job = self.jobs[held.id]
            self._may_take(job.asked)
            job.expired = self._is_over(held.id)
            if is_of_tenant(job):
                self._is_within_quota(sum(is_of_tenant(self.jobs[h.id]) for h in self._held()))
            job.start(held)
            check_what_it_was_told(held)
            self.leases[held.id] = self.now + LEASE

    def _note_expired(self) -> None:
        for job_id, job in self.jobs.items():
            if job.state is JobState.QUEUED and self._is_over(job_id):
                job.lapsed = self.scene.state(job_id) == "canceled"
                job.state = JobState.CANCELED if job.lapsed else job.state
        call_follow_ups(self.jobs)

    @precondition(lambda self: self._held())
    @rule(pick=picks, kind=st.sampled_from(KINDS))
    def settle(self, pick: int, kind: str) -> None:
        held = _pick(self._held(), pick)
        dispatch = self.scene.worker()
        ended = [(held, _outcome(kind))]
        assert dispatch.settle_and_claim(ended, [], 0)[0] == [SettleCode.SETTLED]
        self._ended(held, kind)
        assert dispatch.settle_and_claim(ended, [], 0)[0] != [SettleCode.SETTLED]

    def _ended(self, held: ClaimedJob, kind: str) -> None:
        job = self.jobs[held.id]
        job.end(kind)
        if job.state is JobState.SCHEDULED:
            self.due[held.id] = self.now + DELAY
        self.lost.append(held)

    @precondition(lambda self: self.lost)
    @rule(pick=picks, kind=st.sampled_from(KINDS))
    def come_too_late(self, pick: int, kind: str) -> None:
        held = _pick(self.lost, pick)
        codes, _ = self.scene.worker().settle_and_claim([(held, _outcome(kind))], [], 0)
        assert codes != [SettleCode.SETTLED]
        pair = (held.id, held.fence)
        assert self.scene.broker.leases.extend([pair], LEASE) == [ExtendCode.LOST]
        assert self.scene.broker.progress_notes.note(*pair, "{}") is ExtendCode.LOST
        assert not self.scene.broker.checkpoints.save(*pair, "1")

    @precondition(lambda self: self._held())
    @rule(pick=picks)
    def beat(self, pick: int) -> None:
        held = _pick(self._held(), pick)
        told = _TOLD[self.jobs[held.id].cancel]
        assert self.scene.broker.leases.extend([(held.id, held.fence)], LEASE) == [told]
        self.leases[held.id] = self.now + LEASE

    # -- the clock

    @rule(seconds=st.sampled_from(STRIDES))
    def pass_time(self, seconds: float) -> None:
        self.scene.broker.pass_time(seconds)
        self.now += seconds

    @rule(most=st.integers(1, 3))
    def promote(self, most: int) -> None:
        due = [
            i
            for i, job in self.jobs.items()
            if job.state is JobState.SCHEDULED and self.due[i] <= self.now
        ]
        assert self.scene.promote(most) == min(most, len(due))
        moved = [i for i in due if self.scene.state(i) == "queued"]
        assert len(moved) == min(most, len(due))
        for job_id in moved:
            self.jobs[job_id].state = JobState.QUEUED

    @precondition(lambda self: self._held())
    @rule(pick=picks, kind=st.sampled_from(RESCUES), known_dead=st.booleans())
    def rescue(self, pick: int, kind: str, known_dead: bool) -> None:
        held = _pick(self._held(), pick)
        lease = self.scene.lease_of(held)
        is_over = self.leases[held.id] <= self.now
        assert (lease in self.scene.broker.leases.expired(100)) == is_over
        done = known_dead or is_over
        assert self._rescued(lease, kind, known_dead) == done
        if done:
            self._ended(held, kind)
        assert not self._rescued(lease, kind, known_dead)

    def _rescued(self, lease: Any, kind: str, known_dead: bool) -> bool:
        rescued = [Rescued(lease, _outcome(kind))]
        return self.scene.broker.leases.rescue(rescued, only_expired=not known_dead)[0]

    # -- operators

    @precondition(lambda self: self.jobs)
    @rule(pick=picks, force=st.booleans())
    def cancel(self, pick: int, force: bool) -> None:
        job_id = self._any(pick)
        for _ in range(2):
            assert self.scene.cancel(job_id, force=force) == [self.jobs[job_id].cancel_code(force)]

    @precondition(lambda self: self.jobs)
    @rule(pick=picks)
    def redrive(self, pick: int) -> None:
        job_id = self._any(pick)
        dead = self._is_dead(job_id)
        assert self.scene.do.redrive([job_id, job_id], by="ada", reason="") == [int(dead), 0]
        if dead:
            self.jobs[job_id].redrive()
            self.lives.pop(job_id, None)

    @precondition(lambda self: self.jobs)
    @rule(pick=picks, how=st.sampled_from(("discard", "resolve")))
    def give_up(self, pick: int, how: str) -> None:
        job_id = self._any(pick)
        dead, job = self._is_dead(job_id), self.jobs[job_id]
        given_up = getattr(self.scene.do, how)
        assert given_up([job_id, job_id], by="ada", reason="") == [int(dead), 0]
        if dead and how == "resolve":
            job.state = JobState.FINISHED
        job.gone |= dead and how == "discard"

    @precondition(lambda self: self.jobs)
    @rule(pick=picks, queue=queues, front=st.booleans())
    def reprioritise(self, pick: int, queue: str, front: bool) -> None:
        job_id = self._any(pick)
        job = self.jobs[job_id]
        waits = job.state in WAITING
        moves = [(job_id, queue)] * 2
        codes = self.scene.do.reprioritise(moves, by="ada", reason="", front=front)
        assert codes == ([2 if job.queue == queue else 1, 2] if waits else [0, 0])
        job.queue = queue if waits else job.queue

    @precondition(lambda self: self.jobs)
    @rule(pick=picks)
    def run_now(self, pick: int) -> None:
        job = self.jobs[self._any(pick)]
        scheduled = job.state is JobState.SCHEDULED
        codes = self.scene.do.run_now([job.asked.id] * 2, by="ada", reason="")
        assert codes == [int(scheduled), 0]
        job.state = JobState.QUEUED if scheduled else job.state

    @rule(queue=queues)
    def purge(self, queue: str) -> None:
        waiting = [j for j in self.jobs.values() if j.state is JobState.QUEUED and j.queue == queue]
        assert self.scene.do.purge(queue, by="ada", reason="") == len(waiting)
        for job in waiting:
            job.state = JobState.CANCELED

    # -- what must be true after each of them

    @invariant()
    def every_job_is_as_the_model_says(self) -> None:
        call_follow_ups(self.jobs)
        views = {job.id: job for job in self.scene.look.jobs(list(self.jobs))}
        there = {i: job for i, job in self.jobs.items() if not job.gone}
        found = {i: (v.state, v.attempt, v.queue, v.failures) for i, v in views.items()}
        assert found == {i: (j.state, j.attempt, j.queue, j.failures) for i, j in there.items()}

    @invariant()
    def the_books_balance(self) -> None:
        assert self.scene.imbalance() == {}

    @invariant()
    def whatever_waits_is_offered_once(self) -> None:
        look = self.scene.look
        offered = Counter(i for name in look.queue_names() for i in look.waiting(name, 0, 100))
        offered.update(i for gate in look.gates() for i in look.parked(gate, 0, 100))
        waiting = [i for i, job in self.jobs.items() if job.state is JobState.QUEUED]
        assert offered == Counter(waiting)
        scheduled = [i for i, job in self.jobs.items() if job.state is JobState.SCHEDULED]
        assert sorted(i for i, _ in look.scheduled(0, 100)) == sorted(scheduled)

    @invariant()
    def no_limit_lets_more_run_than_it_says(self) -> None:
        for key, most in LIMITS.items():
            mine = [(i, job) for i, job in self.jobs.items() if job.asked.limit_key == key]
            running = {job_id for job_id, job in mine if job.held or job.keeps}
            assert set(self.scene.look.gate(f"key:{key}")[0]) == running
            assert len(running) <= most
        for kind in (kind for kind, most in self.limits.items() if most):
            running = {held.id for held in self._held() if held.job_type == kind}
            assert set(self.scene.look.gate(f"type:{kind}")[0]) == running

    def teardown(self) -> None:
        """Works everything off: at the end each job is final, and no gate holds anybody."""
        for what in sorted(self.paused):
            self._resume(what)
        for kind in TYPES:
            self.rate(kind, None)
        self.lift_rate_of_key()
        self.set_quota(None)
        for _ in range(4 * MOST_JOBS):
            if any(not job.state.is_final for job in self.jobs.values()):
                self._work_off()
        assert {i: j.state for i, j in self.jobs.items() if not j.state.is_final} == {}
        self.every_job_is_as_the_model_says()
        self.the_books_balance()
        self.whatever_waits_is_offered_once()

    def _work_off(self) -> None:
        self.claim(6, list(QUEUES), 0)
        for held in self._held():
            dispatch = self.scene.worker()
            dispatch.settle_and_claim([(held, _outcome("finished"))], [], 0)
            self.jobs[held.id].end("finished")
        call_follow_ups(self.jobs)
        self.pass_time(500)
        self.promote(3)

    # -- looking

    def _waiting(self, queue: str) -> list[str]:
        return self.scene.queue(queue) + self._lined(queue)

    def _holder_of(self, unique: str) -> str:
        job_id, until = self.windows.get(unique, ("", 0.0))
        holder = self.jobs.get(job_id)
        is_free = holder is None or holder.gone or holder.state is JobState.CANCELED
        return "" if is_free or until <= self.now else job_id

    def _is_over(self, job_id: str) -> bool:
        has_begun = self.jobs[job_id].attempt > 0
        return not has_begun and self.lives.get(job_id, self.now + 1) <= self.now

    def _is_dead(self, job_id: str) -> bool:
        return self.jobs[job_id].state is JobState.FAILED and not self.jobs[job_id].gone

    def _any(self, pick: int) -> str:
        return str(_pick(sorted(self.jobs), pick))

    def _held(self) -> list[ClaimedJob]:
        return [job.held for job in self.jobs.values() if job.held is not None]


def _outcome(kind: str) -> Any:
    if kind == "poisoned":
        return outcome("failed", error=AttemptError(POISON, "ProcessDied", "again"))
    delay = DELAY if kind in DELAYED else 0.0
    return outcome("returned" if kind == "put off" else kind, delay=delay)


def _pick(from_these: list[Any], pick: int) -> Any:
    return from_these[pick % len(from_these)]
