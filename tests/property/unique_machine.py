"""Any history of jobs that are the same, by the ports alone: a model says who keeps the others out.

Its one rule is told once more, and more simply: whoever took the key last keeps the others out as long as
its own state says so. Time passes in strides, so that no answer depends on milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from backend.broker.jobs import codec
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.unique import UniqueScope
from tests.contract.broker.brokers import Broker
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene
from tests.property.model import DELAYED, WAITING, ModelJob

UNTIL = ("started", "started", "ended", "1953")
CONFLICTS = ("keep", "keep", "replace", "debounce")
KINDS = (
    "finished",
    "retried",
    "failed",
    "failed",
    "failed",
    "released",
    "canceled",
    "crashed",
    "returned",
    "put off",
)
#: Seconds: how far a debounce puts off, and how far at most; of retries; strides of the clock.
PUT_OFF, LONGEST, DELAY, STRIDES = 457.0, 557.0, 257.0, (100, 100, 500)
MOST_JOBS = 10

picks = st.integers(0, 1000)


class UniqueHistories(RuleBasedStateMachine):
    """One key, and all who come for it."""

    open: ClassVar[Callable[[], Broker]]

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(type(self).open())
        self.jobs: dict[str, ModelJob] = {}
        self.names: dict[str, str] = {}
        self.now = 0.0
        self.due: dict[str, float] = {}
        self.latest: dict[str, float] = {}
        #: Who took the key last, after how many of its attempts, and until when where a time says.
        self.taken: tuple[str, int, float] = ("", 0, 0.0)
        self.calls = 0

    # -- callers

    @precondition(lambda self: len(self.jobs) < MOST_JOBS)
    @rule(until=st.sampled_from(UNTIL), conflict=st.sampled_from(CONFLICTS))
    def enqueue(self, until: str, conflict: str) -> None:
        self.calls += 1
        until = until if conflict == "keep" else "started"
        is_debounce, name = conflict == "debounce", f"n{self.calls}"
        job = new_job(
            f"j{self.calls}",
            payload=json.dumps({"name": name}, separators=(",", ":")),
            scope=UniqueScope("greet:7", until, conflict, LONGEST if is_debounce else 0.0),
            delay=PUT_OFF if is_debounce else 0.0,
            result_ttl=10**7,
        )
        [reply] = self.scene.broker.queue.enqueue([job])
        holder = self._holder()
        if holder is None:
            assert (reply.id, reply.created, reply.replaced) == (job.id, True, False)
            state = JobState.SCHEDULED if is_debounce else JobState.QUEUED
            self.jobs[job.id] = ModelJob(job, state, "normal")
            self.names[job.id] = name
            self.due[job.id] = self.now + PUT_OFF
            self.latest |= {job.id: self.now + LONGEST} if is_debounce else {}
            self._take(job.id)
            return
        replaces = conflict != "keep" and self._is_first(holder)
        assert (reply.id, reply.created, reply.replaced) == (holder, False, replaces)
        if replaces:
            self.names[holder] = name
        if replaces and is_debounce and self.jobs[holder].state is JobState.SCHEDULED:
            self.due[holder] = min(self.now + PUT_OFF, self.latest.get(holder, float("inf")))

    # -- workers

    @rule(most=st.integers(1, 3))
    def claim(self, most: int) -> None:
        for held in self.scene.claim(most, ["normal"]):
            self.jobs[held.id].start(held)
            assert codec.payload_of(held.data)["name"] == self.names[held.id]

    @precondition(lambda self: self._held())
    @rule(pick=picks, kind=st.sampled_from(KINDS))
    def settle(self, pick: int, kind: str) -> None:
        held = self._held()[pick % len(self._held())]
        delay = DELAY if kind in DELAYED else 0.0
        self.scene.settle(held, "returned" if kind == "put off" else kind, delay=delay)
        self.jobs[held.id].end(kind)
        self.due[held.id] = self.now + DELAY

    # -- the clock

    @rule(seconds=st.sampled_from(STRIDES))
    def pass_time(self, seconds: float) -> None:
        self.scene.broker.pass_time(seconds)
        self.now += seconds

    @rule()
    def promote(self) -> None:
        due = [i for i, job in self.jobs.items() if job.state is JobState.SCHEDULED]
        due = [job_id for job_id in due if self.due[job_id] <= self.now]
        assert self.scene.promote(MOST_JOBS) == len(due)
        for job_id in due:
            self.jobs[job_id].state = JobState.QUEUED

    # -- operators

    @precondition(lambda self: self.jobs)
    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        job_id = self._any(pick)
        assert self.scene.cancel(job_id) == [self.jobs[job_id].cancel_code(force=False)]

    @precondition(lambda self: self._dead())
    @rule(pick=picks, anyway=st.booleans())
    def redrive(self, pick: int, anyway: bool) -> None:
        job_id = self._dead()[pick % len(self._dead())]
        is_free = self._holder() in {None, job_id}
        [code] = self.scene.do.redrive([job_id], by="ada", reason="", anyway=anyway)
        assert code == (1 if is_free or anyway else 2)
        if is_free or anyway:
            self.jobs[job_id].redrive()
        if is_free:
            self._take(job_id)

    @precondition(lambda self: self._dead())
    @rule(pick=picks, how=st.sampled_from(("discard", "resolve")))
    def give_up(self, pick: int, how: str) -> None:
        job_id = self._dead()[pick % len(self._dead())]
        assert getattr(self.scene.do, how)([job_id], by="ada", reason="") == [1]
        self.jobs[job_id].gone = how == "discard"
        self.jobs[job_id].state = JobState.FAILED if how == "discard" else JobState.FINISHED

    # -- what must be true after each of them

    @invariant()
    def every_job_is_as_the_model_says(self) -> None:
        views = {job.id: job for job in self.scene.look.jobs(list(self.jobs))}
        found = {i: (v.state, v.attempt, v.payload["name"]) for i, v in views.items()}
        there = {i: job for i, job in self.jobs.items() if not job.gone}
        assert found == {i: (j.state, j.attempt, self.names[i]) for i, j in there.items()}

    @invariant()
    def the_books_balance(self) -> None:
        assert self.scene.imbalance() == {}

    @invariant()
    def what_is_told_says_which_payload_is_the_newest(self) -> None:
        for job_id, name in self.names.items():
            told = [event.data for event in self.scene.events(job_id) if event.data]
            assert json.loads(told[-1])["name"] == name

    # -- looking

    def _take(self, job_id: str) -> None:
        job = self.jobs[job_id]
        seconds = job.asked.scope.seconds if job.asked.scope else 0.0
        self.taken = (job_id, job.attempt, self.now + seconds)

    def _is_first(self, job_id: str) -> bool:
        job = self.jobs[job_id]
        return job.state in WAITING and job.attempt == self.taken[1]

    def _holder(self) -> str | None:
        job_id, _, ends = self.taken
        job = self.jobs.get(job_id)
        if job is None or job.gone or job.asked.scope is None:
            return None
        holds = {
            "started": self._is_first(job_id),
            "ended": not job.state.is_final,
        }.get(job.asked.scope.until, job.state is not JobState.CANCELED and ends > self.now)
        return job_id if holds else None

    def _any(self, pick: int) -> str:
        return sorted(self.jobs)[pick % len(self.jobs)]

    def _dead(self) -> list[str]:
        return [i for i, job in self.jobs.items() if job.state is JobState.FAILED and not job.gone]

    def _held(self) -> list[ClaimedJob]:
        return [job.held for job in self.jobs.values() if job.held is not None]
