"""What a page of dead jobs costs, whatever its cursor says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.domain.jobs.job_filter import JobFilter
from backend.services.finding import dead_letters
from backend.services.finding.dead_letters import DeadLetters, DeadPlace
from tests.contract.broker.brokers import InMemory
from tests.contract.broker.scene import Scene

LONG_AGO, FAR_AHEAD = (datetime(year, 1, 1, tzinfo=UTC) for year in (2001, 2999))


class Counting:
    """An inspection that counts the looks at dead jobs."""

    def __init__(self, broker: InMemory) -> None:
        self.broker, self._look = broker, broker.inspection
        self.jobs, self.dead_count = self._look.jobs, self._look.dead_count
        self.looks = 0

    def dead(self, start: int, most: int) -> list[tuple[str, datetime]]:
        assert self.looks < 100, "it looks for ever"
        self.looks += 1
        return self._look.dead(start, most)


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> tuple[Counting, list[str]]:
    """Sixty-four dead jobs, the newest first, of which a page looks at two at a time."""
    monkeypatch.setattr(dead_letters, "_PAGE", 2)
    broker = InMemory()
    scene = Scene(broker)
    ids = []
    for _ in range(64):
        ids.append(scene.dead())
        broker.pass_time(1)
    return Counting(broker), ids[::-1]


@pytest.mark.parametrize("at", [LONG_AGO, FAR_AHEAD], ids=["long ago", "far ahead"])
def test_a_cursor_that_points_beyond_all_dead_jobs_costs_few_looks(
    dead: tuple[Counting, list[str]], at: datetime
) -> None:
    look, ids = dead

    page = DeadLetters(look).page(JobFilter(), 2, str(DeadPlace(at, "x", (1 << 53) - 1)))  # type: ignore[arg-type]

    assert [job.id for job, _ in page.jobs] == ([] if at is LONG_AGO else ids[:2])
    assert look.looks <= 10


def test_a_page_is_found_again_with_few_looks_when_most_before_it_are_gone(
    dead: tuple[Counting, list[str]],
) -> None:
    look, ids = dead
    letters = DeadLetters(look)  # type: ignore[arg-type]
    cursor = letters.page(JobFilter(), 60, None).next
    look.broker.operations.discard(ids[:50], by="ada", reason="")
    look.looks = 0

    page = letters.page(JobFilter(), 2, cursor)

    assert [job.id for job, _ in page.jobs] == ids[60:62]
    assert look.looks <= 10
