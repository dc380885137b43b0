"""What any history tells: in entries while a recorder of the last release reads, else in lines."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from redis import Redis

from backend.broker.events.event_stream import GROUP, LAST_GROUP
from tests.integration.broker.bench import Bench


class ToldHistories(RuleBasedStateMachine):
    """The part of a machine that looks at its stream of events."""

    redis: ClassVar[Redis]
    bench: Bench

    @initialize(beside_last_release=st.booleans())
    def begin(self, beside_last_release: bool) -> None:
        if beside_last_release:
            self.redis.xgroup_create(self.bench.keys.events, LAST_GROUP, id="0", mkstream=True)

    @precondition(lambda self: self.redis.exists(self.bench.keys.events))
    @rule()
    def change_over(self) -> None:
        assert self.bench.functions.call("change_over", GROUP, LAST_GROUP, 0) == 1

    @invariant()
    def no_line_tells_twice_of_one_job_and_each_event_counts_once(self) -> None:
        told = self.bench.events()
        assert len({(event.id, event.job_id) for event in told}) == len(told)
        more, gone = self.redis.hmget(self.bench.keys.stream, "more", "gone")
        entries = self.redis.xlen(self.bench.keys.events)
        assert entries + int(more or 0) - int(gone or 0) == len(told)
