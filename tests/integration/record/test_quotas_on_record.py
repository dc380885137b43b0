"""Quotas and the record: an empty Redis gets them back, and who is counted wrongly is named and mended."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backend.broker.jobs.gates.quotas import RedisQuotas
from backend.domain.access.actor import Actor
from backend.domain.errors import QuotaExceeded
from backend.domain.jobs.options.quota import Quota, QuotaState
from backend.services.access.quota_service import QuotaService
from tests.integration.record.bureau import Bureau

ADA = Actor("ada")


@pytest.fixture
def quotas(bureau: Bureau) -> QuotaService:
    """A tenant with three jobs that wait, and may have as many."""
    service = QuotaService(RedisQuotas(bureau.redis, bureau.keys), bureau.keeper().note)
    service.set("acme", Quota(waiting=3, running=2), by=ADA, reason="their contract")
    bureau.enqueue(*(bureau.job(job_id=name, tenant="acme") for name in ("a", "b", "c")))
    bureau.record()
    return service


def _state(quotas: QuotaService) -> QuotaState:
    found = quotas.find("acme")
    assert found is not None
    return found


def test_a_quota_balances(bureau: Bureau, quotas: QuotaService) -> None:
    report = bureau.ledger().reconcile()

    assert (report.faults, report.is_balanced) == ([], True)
    assert _state(quotas).waiting == 3


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (lambda b: b.redis.srem(b.keys.waiting("acme"), "b"), {("miscounted", "b")}),
        (lambda b: b.redis.delete(b.keys.waiting("acme")),
         {("miscounted", "a"), ("miscounted", "b"), ("miscounted", "c")}),
        (lambda b: b.redis.sadd(b.keys.waiting("acme"), "gone"), {("miscounted", "gone")}),
        (lambda b: b.redis.hdel(b.keys.job("a"), "quota"), {("miscounted", "a")}),
    ],
)  # fmt: skip
def test_who_is_counted_wrongly_is_named_and_put_right(
    bureau: Bureau,
    quotas: QuotaService,
    plant: Callable[[Bureau], object],
    found: set[tuple[str, str]],
) -> None:
    plant(bureau)

    seen = bureau.ledger().reconcile()
    report = bureau.ledger().reconcile(repair=True)

    assert not seen.is_balanced
    for each in (seen, report):
        assert {(fault.kind.value, fault.job_id) for fault in each.faults} == found
    assert bureau.ledger().reconcile().is_balanced
    assert (_state(quotas).waiting, bureau.bench.complaints()) == (3, [])


def test_an_empty_redis_gets_the_quota_back_and_counts_its_jobs(
    bureau: Bureau, quotas: QuotaService
) -> None:
    [held] = bureau.bench.claim(1)
    bureau.record()
    bureau.redis.flushall()

    report = bureau.ledger().rebuild()
    while bureau.bench.functions.call("usher", 10, 10):
        pass

    assert [word.name for word in report.controls] == ["quota:tenant:acme"]
    found = _state(quotas)
    assert (found.quota, found.by, found.reason) == (Quota(3, 2), "ada", "their contract")
    assert (found.waiting, found.running, found.is_counted) == (3, 0, True)
    with pytest.raises(QuotaExceeded):
        bureau.queue.enqueue([bureau.job(job_id="d", tenant="acme")])
    assert held.id in {job.id for job in bureau.bench.claim(5)}
    bureau.record()
    assert bureau.ledger().reconcile().is_balanced


def test_a_lost_job_that_is_made_again_counts(bureau: Bureau, quotas: QuotaService) -> None:
    bureau.redis.delete(bureau.keys.job("b"))
    bureau.redis.lrem(bureau.keys.queue("normal"), 0, "b")

    bureau.ledger().reconcile(repair=True)
    bureau.ledger().reconcile(repair=True)

    assert bureau.ledger().reconcile().is_balanced
    assert _state(quotas).waiting == 3


def test_one_taken_away_stays_away(bureau: Bureau, quotas: QuotaService) -> None:
    quotas.clear("acme", by=Actor("bob"), reason="they pay for more")
    bureau.redis.flushall()

    bureau.keeper().agree()

    assert quotas.all() == []
