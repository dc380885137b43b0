"""The one walk over dead jobs: each once, whoever dies, is redriven or discarded meanwhile."""

from __future__ import annotations

import pytest

from backend.broker.jobs.inspection import RedisInspection
from backend.domain.jobs.job_filter import JobFilter
from backend.services.finding import dead_letters
from backend.services.finding.dead_letters import DeadLetters
from backend.services.finding.live_listing import LiveListing, LivePlace
from tests.integration.broker.bench import Bench


@pytest.fixture
def dead(bench: Bench) -> list[str]:
    """Dead jobs, the newest first, each of a moment of its own."""
    ids = [bench.dead() for _ in range(7)]
    bench.redis.zadd(bench.keys.dead, {job_id: at * 1000 for at, job_id in enumerate(ids, 1)})
    return ids[::-1]


@pytest.fixture
def letters(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> DeadLetters:
    monkeypatch.setattr(dead_letters, "_PAGE", 3)
    return DeadLetters(RedisInspection(bench.redis, bench.keys))


@pytest.mark.parametrize("how", ["dies", "redriven", "several"])
def test_a_walk_meets_each_dead_job_once(
    bench: Bench, letters: DeadLetters, dead: list[str], how: str
) -> None:
    met: list[str] = []
    for job, _ in letters.matching(JobFilter()):
        met.append(job.id)
        if len(met) == 2:
            if how != "redriven":
                bench.dead()
            if how != "dies":
                bench.redrive(*met)
            if how == "several":
                bench.discard(dead[4])

    # What was read in the same step as its neighbours is met although it went meanwhile.
    expected = [job_id for job_id in dead if how != "several" or job_id != dead[4]]
    assert met == expected


def test_pages_meet_each_dead_job_once(bench: Bench, letters: DeadLetters, dead: list[str]) -> None:
    first = letters.page(JobFilter(), 2, None)
    newer = bench.dead()
    bench.redrive(dead[0])
    second = letters.page(JobFilter(), 100, first.next)

    assert [job.id for job, _ in (*first.jobs, *second.jobs)] == dead
    assert newer not in dead
    assert second.next is None


def test_a_live_list_of_dead_jobs_is_the_same_walk(
    bench: Bench, letters: DeadLetters, dead: list[str]
) -> None:
    live = LiveListing(RedisInspection(bench.redis, bench.keys))

    first = live.page(JobFilter(), 2, None)
    bench.dead()
    rest = live.page(JobFilter(), 100, LivePlace.parse(str(first.next)))

    assert [job.id for job in (*first.jobs, *rest.jobs)] == dead
