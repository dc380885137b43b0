"""What holds jobs back in any history: pauses, limits, and the usher who looks after both."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from backend.broker.jobs.parked_jobs import fair_line_of as line_of
from tests.property.quota_histories import QuotaHistories, tenant_of

QUEUES = ("high", "normal", "low:email")
TYPES = ("greet", "other")
THINGS = (
    *(f"queue:{queue}" for queue in QUEUES),
    *("lane:email", "lane:default"),
    *(f"type:{kind}" for kind in TYPES),
)
#: None, two starts and no more, and one that never shuts.
RATES = ("", "", "2/3600/2", "1000000/1/1000000")
#: Not fair, and fair by two options; a line with jobs outlives them.
FAIR = ("", '{"by":"tenant"}', '{"by":"limit_key","weights":{"k1":2}}')
LANES = ("default", "email")

twice = st.sampled_from((False, False, False, True))


class GatedHistories(QuotaHistories):
    """The part of a machine that stops jobs and lets them through."""

    def __init__(self) -> None:
        super().__init__()
        self.paused: set[str] = set()
        self.frozen: set[str] = set()
        #: Frozen once with a ramp that outlasts the test: of those no more than some come at a time.
        self.ramped: set[str] = set()
        self.limits: dict[str, int] = {}

    @rule(what=st.sampled_from(THINGS), again=twice)
    def pause(self, what: str, again: bool) -> None:
        assert self.bench.functions.call("pause", what) == int(what not in self.paused)
        self.paused.add(what)
        if again:
            self._changes_nothing(lambda: self.bench.functions.call("pause", what) == 0)

    @rule(what=st.sampled_from(THINGS))
    def resume(self, what: str) -> None:
        assert self.bench.resume(what, lanes=LANES)[0] == int(what in self.paused)
        self.paused.discard(what)

    @rule(kind=st.sampled_from(TYPES), most=st.integers(0, 2))
    def limit(self, kind: str, most: int) -> None:
        self.bench.functions.call("limit", "", "", kind, most)
        self.limits[kind] = most

    @rule(kind=st.sampled_from(TYPES), value=st.sampled_from(RATES))
    def rate(self, kind: str, value: str) -> None:
        """Of those that shut, no token comes back while a test lasts."""
        self.bench.functions.call("rate", "", "", kind, value)

    @rule(value=st.sampled_from(("", "", "none", "4/3600/4")))
    def rate_key(self, value: str) -> None:
        """What an operator says of a key instead of its jobs."""
        self.bench.functions.call("key_rate", "", "", "crm:a", value)

    @rule(what=st.sampled_from(THINGS), ramp=st.sampled_from((0, 3_600_000)))
    def freeze(self, what: str, ramp: int) -> None:
        """For the rest of the test, unless it is lifted; its ramp lets one out at once."""
        now = time.time_ns() // 1_000_000
        window = (what, now, now + 86_400_000, ramp)
        assert self.bench.functions.call("freeze", "", "", what.replace(":", "-"), "{}", *window)
        self.frozen.add(what)
        self.ramped |= {what} if ramp else set()

    @rule(what=st.sampled_from(THINGS))
    def lift(self, what: str) -> None:
        lifted = self.bench.functions.call("freeze", "", "", what.replace(":", "-"), "")
        assert lifted == int(what in self.frozen)
        self.frozen.discard(what)

    @rule(queue=st.sampled_from(QUEUES), value=st.sampled_from(FAIR))
    def make_fair(self, queue: str, value: str) -> None:
        """Two jobs a call: who makes a queue fair, or fair no more, may be killed in between."""
        self.bench.functions.call("fairness", "ada", "", queue, value, 2)

    @rule(gates=st.integers(1, 3), most=st.integers(1, 3))
    def usher(self, gates: int, most: int) -> None:
        assert self.bench.functions.call("usher", gates, most) <= most

    @invariant()
    def whoever_runs_under_a_limit_holds_a_slot_of_it(self) -> None:
        for kind in (kind for kind, most in self.limits.items() if most):
            running = {i for i, job in self.jobs.items() if job.held and job.asked.job_type == kind}
            holders = self.redis.smembers(self.bench.keys.holders(f"type:{kind}"))
            assert {member.decode() for member in holders} == running

    @invariant()
    def whoever_is_under_way_with_a_key_has_a_place_of_it(self) -> None:
        for key in {job.asked.limit_key for job in self.jobs.values()} - {""}:
            mine = [(i, job) for i, job in self.jobs.items() if job.asked.limit_key == key]
            holders = self.redis.smembers(self.bench.keys.holders(f"key:{key}"))
            assert {member.decode() for member in holders} == {
                job_id for job_id, job in mine if job.held or job.keeps
            }

    def _lined(self, queue: str) -> list[str]:
        """Who stands in the lines of a queue."""
        keys = self.bench.members(self.bench.keys.lines(queue))
        return [job_id for key in keys for job_id in self.bench.line(line_of(queue, key))]

    def _waiting(self, queue: str) -> list[str]:
        return self.bench.queue(queue) + self._lined(queue)

    def _is_open(self, queue: str) -> bool:
        return not (self.paused | self.frozen | self.ramped) & {
            f"queue:{queue}",
            f"lane:{lane_of(queue)}",
        }

    def _within_limits(self, job_id: str) -> None:
        job = self.jobs[job_id]
        self.within_quota(tenant_of(job))
        limits = dict(job.gates)
        if self.limits.get(job.asked.job_type):
            limits[f"type:{job.asked.job_type}"] = self.limits[job.asked.job_type]
        for gate, most in limits.items():
            holders = self.redis.smembers(self.bench.keys.holders(gate))
            assert job_id.encode() in holders
            assert len(holders) <= most, f"{gate} lets {most} run, {holders} do"

    def _changes_nothing(self, call: Callable[[], Any]) -> None:
        """What comes twice, or too late, is answered and leaves no trace."""
        before = self.bench.snapshot()
        assert call()
        assert self.bench.snapshot() == before


def lane_of(queue: str) -> str:
    return queue.partition(":")[2] or "default"
