"""What people say of breakers outlives Redis; where jobs are bound for comes back with them."""

from __future__ import annotations

import pytest

from backend.broker.jobs.gates.breakers import RedisBreakers
from backend.domain.access.actor import Actor
from backend.domain.jobs.options.breaker_state import BreakerStatus
from backend.loops.control_watch import ControlWatch
from backend.services.jobs.breaker_service import BreakerService
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
    bureau.redis.flushall()
    assert breakers.count() == 0

    ControlWatch(bureau.keeper(), bureau.clock).run_once()

    found = breakers.find(HOST)
    assert (found.status, found.by, found.reason) == (BreakerStatus.OPEN, "ada", "they asked")
    assert found.is_by_hand
    assert not bureau.keeper().differ()


def test_what_a_person_closed_again_stays_closed(bureau: Bureau, breakers: BreakerService) -> None:
    breakers.open(HOST, by=ADA)
    breakers.close(HOST, by=ADA, reason="back")
    bureau.redis.flushall()

    ControlWatch(bureau.keeper(), bureau.clock).run_once()

    assert breakers.find(HOST).status is BreakerStatus.CLOSED
