"""What people say of breakers outlives Redis; where jobs are bound for comes back with them."""

from __future__ import annotations

import pytest

from backend.broker.jobs.gates.breakers import RedisBreakers
from backend.domain.access.actor import Actor
from backend.domain.jobs.options.breaker import Breaker
from backend.domain.jobs.options.breaker_state import BreakerStatus
from backend.loops.control_watch import ControlWatch
from backend.services.jobs.breaker_service import BreakerService
from tests.integration.broker.bench import ERROR
from tests.integration.record.bureau import Bureau

ADA = Actor("ada")
HOST = "webhook:down.example.com:443"


@pytest.fixture
def breakers(bureau: Bureau) -> BreakerService:
    """What people do, written down at once."""
    return BreakerService(RedisBreakers(bureau.redis, bureau.keys), bureau.keeper().note)


def test_what_a_person_opened_is_open_in_a_redis_that_lost_everything(
    bureau: Bureau, breakers: BreakerService
) -> None:
    breakers.open(HOST, by=ADA, reason="they asked")
    before = breakers.find(HOST)
    bureau.redis.flushall()
    assert breakers.count() == 0

    ControlWatch(bureau.keeper(), bureau.clock).run_once()

    found = breakers.find(HOST)
    assert found == before
    assert (found.status, found.by, found.reason) == (BreakerStatus.OPEN, "ada", "they asked")
    assert found.is_by_hand
    assert not bureau.keeper().differ()


def test_what_a_person_closed_again_stays_closed(bureau: Bureau, breakers: BreakerService) -> None:
    breakers.open(HOST, by=ADA)
    breakers.close(HOST, by=ADA, reason="back")
    bureau.redis.flushall()

    ControlWatch(bureau.keeper(), bureau.clock).run_once()

    assert breakers.find(HOST).status is BreakerStatus.CLOSED


def test_jobs_that_are_made_again_are_bound_for_where_they_were(
    bureau: Bureau, breakers: BreakerService
) -> None:
    job = bureau.job(job_id="a")
    bureau.enqueue(
        job._replace(options={**job.options, "destination": HOST}), bureau.job(job_id="b")
    )
    bureau.record()
    bureau.redis.flushall()
    breakers.open(HOST, by=ADA)

    report = bureau.ledger().rebuild()

    assert report.restored == {"queued": 2}
    bound, free = bureau.queue.find("a"), bureau.queue.find("b")
    assert bound is not None
    assert free is not None
    assert (bound.destination, free.destination) == (HOST, "")
    assert [held.id for held in bureau.bench.claim(9)] == ["b"]
    assert breakers.find(HOST).waiting == 1


def test_an_attempt_that_the_destination_pays_for_is_on_record_and_the_books_balance(
    bureau: Bureau,
) -> None:
    told = f"retried!{Breaker(failures=1).text}!0!ConnectionRefusedError: no"
    for job_id in ("a", "b"):
        job = bureau.job(job_id=job_id)
        bureau.enqueue(job._replace(options={**job.options, "destination": HOST}))
    [held] = bureau.bench.claim(1)
    bureau.bench.functions.codes("settle", held.id, held.fence, told, 60_000, ERROR, "", "1.0", "")
    assert bureau.bench.claim(9) == []
    bureau.record()

    report = bureau.ledger().reconcile()

    assert report.faults == []
    assert report.is_balanced
    [attempt] = bureau.rows("SELECT * FROM job_results WHERE job_id = 'a'")
    assert (attempt["status"], attempt["error_kind"]) == ("released", "ValueError")
