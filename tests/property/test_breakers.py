"""Whatever fails, answers and dies when: probes keep their number, and nobody waits for ever."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.jobs.attempts.outcome import Unreached
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.options.breaker import Breaker
from backend.domain.jobs.options.breaker_state import BreakerStatus
from backend.domain.ports import ClaimPlan
from tests.contract.broker.brokers import InMemory, in_fakeredis
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene

QUEUES = ("high", "normal", "low")
PLAN = [ClaimPlan(queue, 0) for queue in QUEUES]
HOST = "webhook:a.example:443"


class Step(NamedTuple):
    """Time goes by, jobs come, a worker takes some, and the first of those that run end so."""

    seconds: float
    arrive: int
    claim: int
    ends: list[str]
    hand: str


_steps = st.lists(
    st.builds(
        Step,
        st.sampled_from((0.0, 0.0, 0.5, 3.0, 11.0)),
        st.integers(0, 4),
        st.integers(0, 6),
        st.lists(
            st.sampled_from(("lost", "lost", "asked", "finished", "failed", "dies")), max_size=4
        ),
        st.sampled_from(("", "", "", "", "open", "close")),
    ),
    min_size=5,
    max_size=50,
)
_breakers = st.builds(
    lambda failures, probes: Breaker(
        failures=failures, within=20, rest=2, longest_rest=8, probes=probes
    ),
    st.integers(1, 4),
    st.integers(1, 3),
)


class History:
    """One destination, and everything that happens to its jobs."""

    def __init__(self, scene: Scene, breaker: Breaker) -> None:
        self.scene, self.breaker = scene, breaker
        self.running: list[ClaimedJob] = []
        self.ids: list[str] = []

    def live(self, step: Step) -> None:
        """One step, and what must hold in it."""
        scene, breakers = self.scene, self.scene.broker.breakers
        scene.broker.pass_time(step.seconds)
        queues = ("normal", "high", "low", "normal")[: step.arrive]
        jobs = [new_job(queue=q, options={"destination": HOST}, max_attempts=99) for q in queues]
        self.ids += scene.accept(*jobs) if jobs else []
        if step.hand:
            (breakers.open if step.hand == "open" else breakers.close)(HOST, by="ada")
        scene.promote()
        self._take(step.claim)
        for how in step.ends:
            self.end(how)

    def _take(self, most: int) -> None:
        before = self.scene.broker.breakers.find(HOST)
        taken = self.scene.worker().settle_and_claim([], PLAN, most)[1] if most else []
        after = self.scene.broker.breakers.find(HOST)
        self.running += taken
        assert after.probing <= self.breaker.probes
        if before.is_by_hand:
            assert taken == []

    def end(self, how: str) -> None:
        """The attempt that began first ends."""
        if not self.running:
            return
        held, before = self.running.pop(0), self.scene.broker.breakers.find(HOST).status
        failures = self.scene.view(held.id).failures
        if how == "dies":
            lease = self.scene.lease_of(held)
            assert self.scene.rescue(lease, "suspected", only_expired=False)
        elif how in {"lost", "asked"}:
            told = Unreached(self.breaker.text, 5.0 if how == "asked" else 0.0, "no")
            self.scene.settle(held, "retried", unreached=told, delay=1.0)
        else:
            self.scene.settle(held, how)
        after = self.scene.broker.breakers.find(HOST).status
        is_away = BreakerStatus.OPEN in {before, after} or before is BreakerStatus.HALF_OPEN
        if how in {"lost", "asked"} and is_away:
            assert self.scene.view(held.id).failures == failures

    def work_off(self) -> None:
        """Time and one worker are all that it takes until every job has ended."""
        self.scene.broker.breakers.close(HOST, by="ada")
        for _ in range(200):
            while self.running:
                self.end("finished")
            if not any(self.scene.count(s, q) for s in ("queued", "scheduled") for q in QUEUES):
                return
            self.scene.broker.pass_time(9.0)
            self.scene.promote()
            self._take(9)
        pytest.fail(f"somebody waits for ever: {self.scene.broker.breakers.find(HOST)}")


def _lived(scene: Scene, breaker: Breaker, steps: list[Step]) -> None:
    history = History(scene, breaker)
    for step in steps:
        history.live(step)
    history.work_off()
    assert scene.imbalance() == {}


@given(_breakers, _steps)
@settings(max_examples=150, deadline=None)
def test_any_history_of_a_destination_in_memory(breaker: Breaker, steps: list[Step]) -> None:
    _lived(Scene(InMemory()), breaker, steps)


@given(_breakers, _steps)
@settings(max_examples=25, deadline=None)
def test_any_history_of_a_destination_in_redis(breaker: Breaker, steps: list[Step]) -> None:
    with in_fakeredis() as broker:
        _lived(Scene(broker), breaker, steps)
