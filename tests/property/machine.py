"""Any history of steps, in any order, each perhaps sent twice: a model says what must be true after each.

The rules call the real functions on a real Redis. Time passes by moving scores. After every rule the
whole of Redis is audited (tests/integration/broker/audit.py) and compared with the model; at the end
everything that waits is worked off, so that nothing can be stuck.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from backend.broker.keys import Keys
from backend.domain.jobs.job import ClaimedJob, NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.keyed_name import HOLD, RATE_SHARE
from tests.integration.broker.bench import ERROR, Bench, new_job
from tests.property.followed import call_follow_ups, check_what_it_was_told, follow_up_options
from tests.property.gated_histories import LANES, QUEUES, TYPES, GatedHistories, lane_of, twice
from tests.property.model import WAITING, ModelJob

LIMITS = {"k1": 1, "k2": 2}
#: Nothing of a rate of a key, two of two units, and some of one that never shuts.
SHARES = ("", "", "", "1/1/2/3600/2/crm:a", "1/2/2/3600/2/crm:a", "2/3/1000000/1/1000000/crm:b")
KINDS = (
    *("finished", "retried", "snoozed", "failed", "poisoned"),
    *("released", "canceled", "crashed", "suspected", "returned", "put off"),
)
RESCUES = ("released", "returned", "crashed", "suspected", "retried", "failed", "poisoned")
MOST_JOBS = 12

picks = st.integers(0, 1000)
queues = st.sampled_from(QUEUES)


class Histories(GatedHistories):
    """One deployment from its first job to its last."""

    def __init__(self) -> None:
        super().__init__()
        self.redis.flushall()
        self.bench = Bench(self.redis, Keys("rq"))
        self.uniques: dict[str, str] = {}
        self.lost: list[ClaimedJob] = []

    # -- callers

    @precondition(lambda self: len(self.jobs) < MOST_JOBS)
    @rule(
        queue=queues,
        kind=st.sampled_from(TYPES),
        delayed=st.booleans(),
        key=st.sampled_from(("", "", "k1", "k2")),
        tenant=st.sampled_from(("", "a", "b")),
        unique=st.sampled_from(("", "", "u")),
        most=st.sampled_from((1, 2, 4)),
        followed=st.booleans(),
        kept=st.booleans(),
        share=st.sampled_from(SHARES),
        lean=st.booleans(),
        again=twice,
    )
    def enqueue(  # noqa: PLR0917
        self,
        queue: str,
        kind: str,
        delayed: bool,
        key: str,
        tenant: str,
        unique: str,
        most: int,
        followed: bool,
        kept: bool,
        share: str,
        lean: bool,
        again: bool,
    ) -> None:
        job_id = f"j{len(self.jobs)}"
        job = new_job(
            job_id,
            queue,
            job_type=kind,
            delay=1000.0 if delayed else 0.0,
            max_attempts=most,
            options=(follow_up_options(job_id) if followed else {})
            | _keyed(tenant, key, share, kept),
            limit_key=key,
            limit=LIMITS.get(key, 0),
            unique_key=unique,
            unique_window=1000.0 if unique else 0.0,
        )
        reply = self.bench.enqueue(job, lean=lean)[0]
        if unique and (holder := self._holder_of(unique)):
            assert reply == holder.encode()
        elif not self.is_refused(reply, tenant):
            assert reply == (2 if delayed else 1)
            self._is_accepted(job, queue, again=again)

    def _is_accepted(self, job: NewJob, queue: str, *, again: bool) -> None:
        state = JobState.SCHEDULED if job.delay else JobState.QUEUED
        self.jobs[job.id] = ModelJob(job, state, queue)
        if job.unique_key:
            self.uniques[job.unique_key] = job.id
        if again:
            self._changes_nothing(lambda: self.bench.enqueue(job) == [3])

    @precondition(lambda self: self.jobs)
    @rule(pick=picks)
    def await_end(self, pick: int) -> None:
        job_id = self._any(pick)
        found = self.bench.functions.call("await", job_id)
        assert found == (None if self.jobs[job_id].gone else self.jobs[job_id].state.encode())

    # -- workers

    @rule(most=st.integers(1, 6), asked=st.permutations(QUEUES), share=st.integers(0, 2))
    def claim(self, most: int, asked: list[str], share: int) -> None:
        guaranteed = {asked[-1]: share}
        claimed = self.bench.claim(most, tuple(asked), lanes=LANES, guaranteed=guaranteed)
        assert len(claimed) <= most
        for job_id, late in self.jobs.items():
            if late.expired and self.bench.field(job_id, "status") == "canceled":
                late.lapsed |= late.state in WAITING
                late.state = JobState.CANCELED
        call_follow_ups(self.jobs)
        for job in claimed:
            stopped = self.paused | self.frozen
            assert not stopped & {f"queue:{job.queue}", f"lane:{lane_of(job.queue)}"}
            assert f"type:{job.job_type}" not in stopped
            self.jobs[job.id].start(job)
            check_what_it_was_told(job)
            self._within_limits(job.id)
        if len(claimed) < most:
            left = [queue for queue in asked if self._is_open(queue) and self._waiting(queue)]
            assert not left, f"{left} still had jobs for a worker that got too few"

    @precondition(lambda self: self._held())
    @rule(pick=picks, kind=st.sampled_from(KINDS), again=twice)
    def settle(self, pick: int, kind: str, again: bool) -> None:
        held = _pick(self._held(), pick)
        result = "MQ==" if kind == "finished" else ""
        word, delay = _said(kind)
        assert self.bench.settle(held, word, delay=delay, body=ERROR, result=result) == 1
        self.jobs[held.id].end(kind)
        self.lost.append(held)
        if again:
            self._changes_nothing(lambda: self.bench.settle(held, word) in {0, 2})

    @precondition(lambda self: self._held())
    @rule(kinds=st.lists(st.sampled_from(KINDS), min_size=MOST_JOBS, max_size=MOST_JOBS))
    def settle_all(self, kinds: list[str]) -> None:
        """Slots that end together, in one step and one line."""
        held = self._held()
        ends = [
            (job.id, job.fence, *_said(kind), ERROR, "", "1.500", "")
            for job, kind in zip(held, kinds, strict=False)
        ]
        words = [word for end in ends for word in end]
        assert self.bench.functions.codes("settle", *words) == [1] * len(held)
        for job, kind in zip(held, kinds, strict=False):
            self.jobs[job.id].end(kind)
        self.lost += held

    @precondition(lambda self: self.lost)
    @rule(pick=picks, kind=st.sampled_from(KINDS))
    def settle_too_late(self, pick: int, kind: str) -> None:
        held = _pick(self.lost, pick)
        word, delay = _said(kind)
        self._changes_nothing(
            lambda: self.bench.settle(held, word, delay=delay, body=ERROR) in {0, 2}
        )
        self._changes_nothing(lambda: self.bench.extend(held) == [0])
        self._changes_nothing(
            lambda: self.bench.functions.call("progress", held.id, held.fence, "{}") == 0
        )

    @precondition(lambda self: self._held())
    @rule(pick=picks)
    def beat(self, pick: int) -> None:
        held = _pick(self._held(), pick)
        told = {"": 1, "ask": 2, "force": 3}[self.jobs[held.id].cancel]
        assert self.bench.extend(held, held) == [told, told]
        noted = self.bench.functions.call("progress", held.id, held.fence, '{"done":1}')
        assert noted == (2 if self.jobs[held.id].cancel else 1)

    # -- the clock

    @rule(due=st.integers(1, 4), most=st.integers(1, 3))
    def promote(self, due: int, most: int) -> None:
        waiting = [i for i, job in self.jobs.items() if job.state is JobState.SCHEDULED][:due]
        self.bench.make_due(*waiting)
        before = set(self.bench.members(self.bench.keys.schedule))
        assert self.bench.promote(most)[0] >= min(len(waiting), most)
        for job_id in before - set(self.bench.members(self.bench.keys.schedule)):
            assert self.jobs[job_id].state is JobState.SCHEDULED
            self.jobs[job_id].state = JobState.QUEUED

    @precondition(lambda self: self._held())
    @rule(pick=picks, kind=st.sampled_from(RESCUES), known_dead=st.booleans(), again=twice)
    def rescue(self, pick: int, kind: str, known_dead: bool, again: bool) -> None:
        held = _pick(self._held(), pick)
        seen = self.bench.lease_of(held.id)
        if not known_dead:
            self._changes_nothing(
                lambda: self.bench.rescue(held, kind, lease=seen, only_expired=True) == 0
            )
            seen = self.bench.let_lease_end(held.id)
        delay = _said(kind)[1]
        rescue = {"lease": seen, "only_expired": not known_dead, "delay": delay, "body": ERROR}
        assert self.bench.rescue(held, kind, **rescue) == 1
        self.jobs[held.id].end(kind)
        self.lost.append(held)
        if again:
            self._changes_nothing(lambda: self.bench.rescue(held, kind, **rescue) == 0)

    @precondition(lambda self: self.jobs)
    @rule(pick=picks)
    def pass_its_end(self, pick: int) -> None:
        job_id = self._any(pick)
        job = self.jobs[job_id]
        if job.state in WAITING:
            self.redis.hset(self.bench.keys.job(job_id), "expires_at", 1000)
            job.expired = job.attempt == 0

    # -- operators

    @precondition(lambda self: self.jobs)
    @rule(pick=picks, force=st.booleans(), again=twice)
    def cancel(self, pick: int, force: bool, again: bool) -> None:
        job_id = self._any(pick)
        assert self.bench.cancel(job_id, force=force) == [self.jobs[job_id].cancel_code(force)]
        if again:
            assert self.bench.cancel(job_id, force=force) == [self.jobs[job_id].cancel_code(force)]

    @precondition(lambda self: self.jobs)
    @rule(pick=picks, again=twice)
    def redrive(self, pick: int, again: bool) -> None:
        job = self.jobs[self._any(pick)]
        dead = job.state is JobState.FAILED and not job.gone
        assert self.bench.redrive(job.asked.id) == [int(dead)]
        if dead:
            job.redrive()
        if again:
            self._changes_nothing(lambda: self.bench.redrive(job.asked.id) == [0])

    @precondition(lambda self: self.jobs)
    @rule(pick=picks, how=st.sampled_from(("discarded", "resolved")), again=twice)
    def discard(self, pick: int, how: str, again: bool) -> None:
        job = self.jobs[self._any(pick)]
        dead = job.state is JobState.FAILED and not job.gone
        assert self.bench.discard(job.asked.id, how=how) == [int(dead)]
        if dead and how == "resolved":
            job.state = JobState.FINISHED
        elif dead:
            job.gone = True
        if again:
            self._changes_nothing(lambda: self.bench.discard(job.asked.id, how=how) == [0])

    @precondition(lambda self: self.jobs)
    @rule(pick=picks, queue=queues, front=st.booleans(), again=twice)
    def reprioritise(self, pick: int, queue: str, front: bool, again: bool) -> None:
        job = self.jobs[self._any(pick)]
        waits = job.state in WAITING and not job.gone
        code = (2 if job.queue == queue else 1) if waits else 0
        assert self.bench.reprioritise(job.asked.id, queue, front=front) == code
        job.queue = queue if waits else job.queue
        if again:
            code = 2 if waits else 0
            self._changes_nothing(lambda: self.bench.reprioritise(job.asked.id, queue) == code)

    @precondition(lambda self: self.jobs)
    @rule(pick=picks, again=twice)
    def run_now(self, pick: int, again: bool) -> None:
        job = self.jobs[self._any(pick)]
        scheduled = job.state is JobState.SCHEDULED
        assert self.bench.run_now(job.asked.id) == [int(scheduled)]
        if scheduled:
            job.state = JobState.QUEUED
        if again:
            self._changes_nothing(lambda: self.bench.run_now(job.asked.id) == [0])

    @rule(queue=queues, most=st.integers(1, 3))
    def purge(self, queue: str, most: int) -> None:
        listed, lined = self.bench.queue(queue)[:most], self._lined(queue)
        taken, _ = self.bench.functions.codes("purge", queue, "ada", "why", most)
        gone = listed or set(lined) - set(self._lined(queue))
        assert taken == len(gone)
        for job_id in gone:
            self.jobs[job_id].state = JobState.CANCELED

    @precondition(lambda self: self.redis.exists(self.bench.keys.gates))
    @rule(queue=queues, pick=picks, after=st.integers(0, 2), most=st.integers(1, 3))
    def evict(self, queue: str, pick: int, after: int, most: int) -> None:
        line = _pick(sorted(self.bench.members(self.bench.keys.gates)), pick)
        seen = self.bench.line(line)[after : after + most]
        mine = [job_id for job_id in seen if self.jobs[job_id].queue == queue]
        words = (queue, "ada", "why", line, after, most)
        assert self.bench.functions.codes("evict", *words) == [len(mine), len(seen) - len(mine)]
        for job_id in mine:
            self.jobs[job_id].state = JobState.CANCELED

    # -- what must be true after each of them

    @rule()
    def look_for_ends_without_follow_ups(self) -> None:
        assert self.bench.functions.call("follow", 100) == 0

    @invariant()
    def everything_adds_up(self) -> None:
        assert self.bench.complaints() == []

    @invariant()
    def redis_agrees_with_the_model(self) -> None:
        call_follow_ups(self.jobs)
        found = {job_id: self.bench.field(job_id, "status") for job_id in self.jobs}
        model = {i: None if job.gone else job.state.value for i, job in self.jobs.items()}
        assert found == model
        attempts = {i: int(self.bench.field(i, "attempt") or 0) for i in self.jobs}
        assert attempts == {i: 0 if job.gone else job.attempt for i, job in self.jobs.items()}
        homes = {i: self.bench.field(i, "origin") for i, job in self.jobs.items() if not job.gone}
        assert homes == {i: job.queue for i, job in self.jobs.items() if not job.gone}

    @invariant()
    def somebody_is_called_for_every_job_that_may_run(self) -> None:
        for queue in QUEUES:
            if self._is_open(queue) and self._waiting(queue):
                assert self.bench.wake_tokens(lane_of(queue)), f"nobody is woken for {queue}"

    def teardown(self) -> None:
        """Works everything off: at the end each job is final, and nothing is left over."""
        for what in sorted(self.paused):
            self.resume(what)
        for kind in TYPES:
            self.rate(kind, "")
        self.rate_key("none")
        self.clear_quotas()
        self._thaw()
        for _ in range(4 * MOST_JOBS):
            self._work_off()
        stuck = {i: job.state for i, job in self.jobs.items() if not job.state.is_final}
        assert not stuck, f"{stuck} never ran"
        self.everything_adds_up()
        self.redis_agrees_with_the_model()
        self.bench.functions.call("usher", 100, 100)
        names = {name.decode().split(":")[2] for name in self.redis.scan_iter("rq:tally:*")}
        assert not names & {"holders", "parked", "leases", "gates", "waiting", "quotas"}
        assert self.bench.members(self.bench.keys.schedule) == []

    def _thaw(self) -> None:
        """No test lasts as long as a ramp: what is left of the windows is taken away."""
        for what in sorted(self.frozen):
            self.lift(what)
        self.redis.delete(self.bench.keys.frozen)
        self.bench.functions.call("usher", 100, 100)

    def _work_off(self) -> None:
        if any(not job.state.is_final for job in self.jobs.values()):
            self.claim(6, list(QUEUES), 0)
            for held in self._held():
                assert self.bench.settle(held, "finished") == 1
                self.jobs[held.id].end("finished")
            call_follow_ups(self.jobs)
            self.promote(MOST_JOBS, MOST_JOBS)

    # -- looking

    def _holder_of(self, unique: str) -> str:
        """The job that a unique key stands for; the key of one that was withdrawn, or is gone, is free."""
        holder = self.jobs.get(self.uniques.get(unique, ""))
        is_free = holder is None or holder.gone or holder.state is JobState.CANCELED
        return "" if is_free else self.uniques[unique]

    def _any(self, pick: int) -> str:
        return _pick(sorted(self.jobs), pick)

    def _held(self) -> list[ClaimedJob]:
        return [job.held for job in self.jobs.values() if job.held is not None]


def _pick(from_these: list[Any], pick: int) -> Any:
    return from_these[pick % len(from_these)]


def _keyed(tenant: str, key: str, share: str, kept: bool) -> dict[str, Any]:
    """What tells in which line a job stands, what it takes of which rates, and what it keeps."""
    said = {"tenant": tenant, "limit_key": key, RATE_SHARE: share, HOLD: bool(key and kept)}
    return {name: value for name, value in said.items() if value}


def _said(kind: str) -> tuple[str, int]:
    """What is sent for a kind: its word, and a delay in milliseconds."""
    if kind == "put off":
        return "returned", 9000
    return kind, 0 if kind == "returned" else 9000
