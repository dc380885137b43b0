"""Whatever arrives when, and whoever claims: no window of a rate's time has more starts than its limit."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.options.job_terms import terms_in
from backend.domain.jobs.options.rate import Rate
from backend.domain.jobs.options.rate_share import RateShare, share_in
from backend.domain.ports import ClaimPlan
from tests.contract.broker.brokers import InMemory, in_fakeredis
from tests.contract.broker.jobs import new_job, outcome
from tests.contract.broker.scene import Scene

QUEUES = ("high", "normal", "low")
PLAN = [ClaimPlan(queue, 0) for queue in QUEUES]
#: Seconds, and jobs that arrive: then a worker claims, or a scheduler rings.
_steps = st.lists(
    st.tuples(
        st.sampled_from((0.0, 0.0, 0.25, 1.0, 3.0, 11.0)),
        st.integers(0, 4),
        st.integers(0, 6),
        st.booleans(),
        st.sampled_from(("finished", "returned", "released")),
    ),
    min_size=5,
    max_size=60,
)
_rates = st.builds(
    lambda limit, per, burst: Rate(limit, per, min(limit, burst)),
    st.integers(1, 12),
    st.sampled_from((5.0, 10.0, 30.0)),
    st.integers(1, 12),
)


#: Seconds between a start and our hearing of it, at most: Redis' own clock goes on meanwhile.
_HEARD_LATER = 2.0
#: What jobs take of the rate of a key, in turn; a heavier one than the burst is refused by who enqueues.
_weights = st.lists(st.integers(1, 4), min_size=1, max_size=5)


def _most_in_a_window(starts: list[float], per: float) -> int:
    """By brute force: windows that begin with a start are the fullest."""
    return max((sum(at <= other < at + per for other in starts) for at in starts), default=0)


def _starts(
    scene: Scene,
    rate: Rate,
    steps: list[tuple[float, int, int, bool, str]],
    clock: Callable[[], float] = lambda: 0.0,
) -> list[float]:
    scene.do.rate("greet", rate)
    return _taken(scene, steps, itertools.repeat({}), clock)


def _taken(
    scene: Scene,
    steps: list[tuple[float, int, int, bool, str]],
    options: Iterator[dict[str, str]],
    clock: Callable[[], float] = lambda: 0.0,
) -> list[float]:
    """When a start took something, once for each unit; ``clock`` goes on beside the time that is passed."""
    now, starts, worker = 0.0, list[float](), scene.worker()
    for seconds, arrive, claim, ring, how in steps:
        scene.broker.pass_time(seconds)
        now += seconds
        queues = ("normal", "high", "low", "normal")[:arrive]
        scene.accept(*(new_job(queue=q, options=next(options)) for q in queues))
        if ring:
            scene.promote()
        held = worker.settle_and_claim([], PLAN, claim)[1] if claim else []
        starts += [now + clock() for job in held for _ in range(_units(job))]
        worker.settle_and_claim([(job, outcome(how)) for job in held], [], 0)
    return starts


def _units(job: ClaimedJob) -> int:
    return share_in(terms_in(job.options).rate_share).own_weight


def _by_key(rate: Rate, weights: list[int]) -> Iterator[dict[str, str]]:
    """Each as heavy as the burst lets it be, at most."""
    fitting = [min(weight, rate.at_once) for weight in weights]
    shares = [RateShare(1, weight, "crm:a", rate).text for weight in fitting]
    return itertools.cycle([{"rate_share": share} for share in shares])


def _work_off(scene: Scene, rate: Rate, gate: str = "rate:greet") -> None:
    """Time and one worker are all that it takes until nobody waits."""
    worker = scene.worker()
    for _ in range(400):
        waiting = [scene.look.parked(gate, 0, 1), *map(scene.queue, QUEUES)]
        if not any(waiting):
            return
        scene.broker.pass_time(rate.at_once * rate.every_us / 1_000_000 + 0.001)
        held = worker.settle_and_claim([], PLAN, 9)[1]
        worker.settle_and_claim([(job, outcome("finished")) for job in held], [], 0)
    pytest.fail("somebody waits for ever")


@given(_rates, _steps)
@settings(max_examples=150, deadline=None)
def test_no_window_has_too_many_starts_in_memory(
    rate: Rate, steps: list[tuple[float, int, int, bool, str]]
) -> None:
    scene = Scene(InMemory())

    starts = _starts(scene, rate, steps)

    assert _most_in_a_window(starts, rate.per) <= rate.limit
    _work_off(scene, rate)


@given(_rates, _steps)
@settings(max_examples=25, deadline=None)
def test_no_window_has_too_many_starts_in_redis(
    rate: Rate, steps: list[tuple[float, int, int, bool, str]]
) -> None:
    with in_fakeredis() as broker:
        scene = Scene(broker)

        starts = _starts(scene, rate, steps, time.monotonic)

        assert _most_in_a_window(starts, rate.per - _HEARD_LATER) <= rate.limit
        _work_off(scene, rate)


@given(_rates, _steps, _weights)
@settings(max_examples=100, deadline=None)
def test_no_window_takes_more_of_a_key_in_memory(
    rate: Rate, steps: list[tuple[float, int, int, bool, str]], weights: list[int]
) -> None:
    scene = Scene(InMemory())

    taken = _taken(scene, steps, _by_key(rate, weights))

    assert _most_in_a_window(taken, rate.per) <= rate.limit
    _work_off(scene, rate, "rate:crm:a")


@given(_rates, _steps, _weights)
@settings(max_examples=20, deadline=None)
def test_no_window_takes_more_of_a_key_in_redis(
    rate: Rate, steps: list[tuple[float, int, int, bool, str]], weights: list[int]
) -> None:
    with in_fakeredis() as broker:
        scene = Scene(broker)

        taken = _taken(scene, steps, _by_key(rate, weights), time.monotonic)

        assert _most_in_a_window(taken, rate.per - _HEARD_LATER) <= rate.limit
        _work_off(scene, rate, "rate:crm:a")
