"""Whoever is let through and does not come, and however many: rates hold, and nobody waits for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.options.breaker_state import BreakerStatus
from backend.domain.jobs.options.rate import Rate
from backend.domain.ports import ClaimPlan
from tests.contract.broker.brokers import InMemory, in_fakeredis
from tests.contract.broker.jobs import new_job, outcome
from tests.contract.broker.scene import Scene

#: The last is another lane's, which is served less.
QUEUES = ("high", "normal", "normal:email")
HOST = "webhook:a.example:443"
BURST = 110
#: Bursts of more than are looked at; three of them are there again after an hour.
RATE = Rate(2 * BURST, 3600.0, BURST)
BULK = 150


class Step(NamedTuple):
    """Time goes by, many jobs come, workers take some, and somebody does something to those who wait."""

    seconds: float
    arrive: str
    expire: bool
    claim: int
    serve: tuple[str, ...]
    act: str


_steps = st.lists(
    st.builds(
        Step,
        st.sampled_from((0.0, 0.1, 31.0, 61.0, 1300.0, 3700.0)),
        st.sampled_from(("", *QUEUES)),
        st.sampled_from((False, False, True)),
        st.sampled_from((0, 0, 1, 60, 200)),
        st.sampled_from((QUEUES, QUEUES[:2], QUEUES[2:])),
        st.sampled_from(("", "", "cancel", "purge", "pause", "resume", "move", "open", "close")),
    ),
    min_size=4,
    max_size=14,
)


class History:
    """Jobs of one type with a rate, for one destination, in two lanes."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.now = scene, 0.0
        self.starts: list[float] = []
        self.paused: set[str] = set()
        scene.do.rate("greet", RATE)

    def live(self, step: Step) -> None:
        self._pass(step.seconds)
        if step.arrive:
            soon = self.scene.broker.now() + timedelta(seconds=90)
            fields = {"expires_at": soon} if step.expire else {}
            jobs = (self._job(queue=step.arrive, **fields) for _ in range(BULK))
            self.scene.accept(*jobs)
        self.scene.promote()
        self._act(step.act)
        self._take(step.claim, step.serve)

    def _job(self, **fields: object) -> object:
        return new_job(options={"destination": HOST}, **fields)

    def _pass(self, seconds: float) -> None:
        self.scene.broker.pass_time(seconds)
        self.now += seconds

    def _act(self, act: str) -> None:
        scene, queue = self.scene, QUEUES[0]
        waiting = scene.look.waiting(queue, 0, 999)
        if act == "cancel" and waiting:
            scene.cancel(*waiting)
        elif act == "purge":
            scene.do.purge(queue, by="ada", reason="")
        elif act == "pause":
            scene.do.pause(f"queue:{queue}")
            self.paused.add(f"queue:{queue}")
        elif act == "resume":
            self._resume()
        elif act == "move" and waiting:
            scene.do.reprioritise(
                [(i, "low") for i in waiting[:20]], by="ada", reason="", front=False
            )
        elif act in {"open", "close"}:
            (scene.broker.breakers.open if act == "open" else scene.broker.breakers.close)(
                HOST, by="ada"
            )

    def _resume(self) -> None:
        for what in self.paused:
            self.scene.do.resume(what, ("default", "email"))
        self.paused.clear()

    def _take(self, most: int, queues: tuple[str, ...]) -> list[ClaimedJob]:
        plan = [ClaimPlan(queue, 0) for queue in (*queues, "low")]
        worker = self.scene.worker()
        held = worker.settle_and_claim([], plan, most)[1] if most else []
        self.starts += [self.now] * len(held)
        worker.settle_and_claim([(job, outcome("finished")) for job in held], [], 0)
        return held

    def fullest_window(self, per: float) -> int:
        """How many starts the fullest window has: one that begins with a start."""
        moments = sorted(set(self.starts))
        return max(
            (sum(at <= other < at + per for other in self.starts) for at in moments), default=0
        )

    def work_off(self) -> None:
        """Time, a scheduler and a worker are all that it takes until nobody waits and nothing rings."""
        self._resume()
        self.scene.broker.breakers.close(HOST, by="ada")
        for _ in range(120):
            waiting = sum(self.scene.count("queued", queue) for queue in (*QUEUES, "low"))
            next_due = self.scene.broker.timetable.promote(100, 0).next_due
            is_closed = self.scene.broker.breakers.find(HOST).status is BreakerStatus.CLOSED
            if not waiting and is_closed and next_due is None:
                return
            self._pass(1900.0)
            self.scene.promote()
            self._take(200, QUEUES)
        pytest.fail(f"{waiting} wait for ever, or {next_due} is rung for ever")


def _lived(scene: Scene, steps: list[Step], slack: float) -> None:
    history = History(scene)
    for step in steps:
        history.live(step)
    assert history.fullest_window(RATE.per - slack) <= RATE.limit
    history.work_off()
    assert scene.imbalance() == {}


@given(_steps)
@settings(max_examples=20, deadline=None)
def test_any_history_of_those_on_the_way_in_memory(steps: list[Step]) -> None:
    _lived(Scene(InMemory()), steps, 0.0)


@given(_steps)
@settings(max_examples=4, deadline=None)
def test_any_history_of_those_on_the_way_in_redis(steps: list[Step]) -> None:
    """Its own clock goes on meanwhile."""
    with in_fakeredis() as broker:
        _lived(Scene(broker), steps, 60.0)
