"""A tick whose job is the same as one that is there already is that one's, and its row says so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.domain.errors import InvalidRequest
from backend.domain.jobs.job import EnqueueReply, NewJob
from backend.domain.ports import JobQueue
from backend.domain.schedules.schedule_tick import TickOutcome
from tests.integration.scheduler.scheduler_house import ANNA, SchedulerHouse

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
SAME = {"payload": {"of": "sales"}, "options": {"unique": "started"}}


class Refusing:
    """A queue that takes no job."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue

    def enqueue(self, jobs: list[NewJob]) -> list[EnqueueReply]:
        """Refuses them."""
        raise InvalidRequest(f"no room for {jobs[0].job_type}")

    def find(self, job_id: str) -> object:
        """As the queue."""
        return self._queue.find(job_id)


def _twin(house: SchedulerHouse) -> str:
    """A job that waits, of another schedule."""
    house.create("other", **SAME)
    return house.service.run_now("other", by=ANNA)


def _words(twin: str) -> str:
    return f"job {twin} is the same and keeps others out, until it has started"


def test_a_tick_that_is_answered_by_a_twin_has_its_id_and_says_why(house: SchedulerHouse) -> None:
    twin = _twin(house)
    house.create(**SAME)
    house.stand_still_since("nightly", 2 * SECOND)

    house.catch_up()

    (tick,) = house.ticks()
    assert (tick.outcome, tick.job_id, tick.reason) == (TickOutcome.RAN, twin, _words(twin))
    assert house.jobs() == [twin]
    assert house.service.get("nightly").last_tick == tick


def test_a_tick_that_brings_its_payload_to_a_twin_says_so(house: SchedulerHouse) -> None:
    twin = _twin(house)
    options = {"unique": "started", "on_conflict": "replace"}
    house.create(**(SAME | {"options": options}))
    house.stand_still_since("nightly", 2 * SECOND)

    house.catch_up()

    (tick,) = house.ticks()
    assert tick.reason == f"{_words(twin)}; it gets the newest payload"


def test_a_run_by_hand_that_is_answered_by_a_twin_tells_that_ones_id(house: SchedulerHouse) -> None:
    twin = _twin(house)
    house.create(**SAME)

    assert house.service.run_now("nightly", by=ANNA, reason="the boss asks") == twin

    (tick,) = house.ticks()
    assert (tick.job_id, tick.reason) == (twin, f"the boss asks; {_words(twin)}")


def test_a_scheduler_that_died_before_it_settled_comes_to_the_same_twin(
    house: SchedulerHouse,
) -> None:
    twin = _twin(house)
    house.create(**SAME)
    house.stand_still_since("nightly", 2 * SECOND)
    house.runner(queue=house.queue).step()
    with house.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE schedule_ticks SET outcome = 'planned', decided_at = NULL, late_seconds = NULL,"
            " reason = NULL, job_id = schedule_id || '-again' WHERE job_id = '" + twin + "'"
            " AND NOT by_hand"
        )

    house.catch_up()

    (tick,) = house.ticks()
    assert (tick.outcome, tick.job_id) == (TickOutcome.RAN, twin)


def test_ticks_that_must_not_overlap_wait_for_the_twin(house: SchedulerHouse) -> None:
    twin = _twin(house)
    house.create(**SAME, overlap="skip", missed_runs="all")
    house.stand_still_since("nightly", 2 * SECOND)
    house.catch_up()
    house.stand_still_since("nightly", 1 * SECOND)

    house.catch_up()

    reasons = [tick.reason for tick in house.ticks()]
    assert reasons == [_words(twin), f"its job {twin} is still queued"]


def test_a_run_by_hand_that_the_queue_refuses_is_refused_to_whoever_asks(
    house: SchedulerHouse,
) -> None:
    schedule = house.create(**SAME)
    refusing = house.runner(queue=Refusing(house.queue))  # type: ignore[arg-type]

    with pytest.raises(InvalidRequest) as refused:
        refusing.fire_by_hand(schedule, house.store.now(), by="anna", reason="")

    assert str(refused.value) == "the run was written down and refused: no room for report"
    (tick,) = house.ticks()
    assert (tick.outcome, tick.job_id) == (TickOutcome.SKIPPED, "")
