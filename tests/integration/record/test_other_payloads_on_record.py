"""A job that got another payload comes back from the record with what follows from that one."""

from __future__ import annotations

from typing import Any

import pytest

from backend.broker.jobs.operations import RedisOperations
from backend.domain.access.actor import Actor
from backend.domain.errors import NotUnique
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options.breaker import Breaker
from backend.domain.jobs.options.keyed_limit import Limit
from backend.domain.jobs.options.unique import Unique
from backend.history.reading.history_store import PostgresHistoryStore
from backend.services.jobs.job_control import JobControl
from backend.services.jobs.job_intake import JobIntake
from tests.integration.broker.bench import ERROR
from tests.integration.record.bureau import Bureau, new_id

ADA = Actor("ada")
OLD = {"url": "https://old.example.com/in", "customer": 1}
NEW = {"url": "https://new.example.com/in", "customer": 2}


def _handler(*_: Any) -> None:
    """Nothing is run in these tests."""


@pytest.fixture
def intake(bureau: Bureau) -> JobIntake:
    """Knows a type of whose payload all follows that can."""
    kind = JobType(
        "call",
        _handler,
        breaker=Breaker("url"),
        keyed_limit=Limit(3, by="customer"),
        unique=Unique("ended", "customer"),
    )
    catalogue = JobTypeCatalogue([kind])
    return JobIntake(catalogue, bureau.rules, new_id=new_id, now=bureau.clock.now)


@pytest.fixture
def control(bureau: Bureau, intake: JobIntake) -> JobControl:
    """What people do."""
    operations = RedisOperations(bureau.redis, bureau.keys)
    return JobControl(operations, bureau.inspection, bureau.queue, intake)


def _view(bureau: Bureau, job_id: str) -> JobView:
    found = bureau.queue.find(job_id)
    assert found is not None
    return found


def _dead(bureau: Bureau, intake: JobIntake) -> str:
    job = intake.check("call", OLD, None, {"tags": ["paid"], "tenant": "acme"})
    bureau.enqueue(job)
    (held,) = bureau.bench.claim()
    bureau.bench.settle(held, "failed", body=ERROR)
    return job.id


def _follows(view: JobView) -> tuple[str, int, str]:
    return view.limit_key, view.limit, view.destination


def test_a_redrive_with_another_address_is_bound_for_that_one_also_after_a_lost_redis(
    bureau: Bureau, intake: JobIntake, control: JobControl
) -> None:
    job_id = _dead(bureau, intake)
    before = _view(bureau, job_id).scope
    control.redrive(job_id, by=ADA, payload=NEW)
    there = _view(bureau, job_id)
    bureau.record()
    bureau.redis.flushall()

    bureau.ledger().rebuild()

    back = _view(bureau, job_id)
    assert _follows(there) == ("call:2", 3, "call:new.example.com:443")
    assert _follows(back) == _follows(there)
    assert there.scope is not None
    assert (back.scope, there.scope != before) == (there.scope, True)
    assert (back.tags, back.labels.tenant) == (["paid"], "acme")
    [again] = bureau.queue.enqueue([intake.check("call", NEW, None, {"tenant": "acme"})])
    assert (again.id, again.created) == (job_id, False)
    bureau.record()
    assert bureau.ledger().reconcile().is_balanced


def test_the_record_tells_what_follows_from_the_last_payload(
    bureau: Bureau, intake: JobIntake, control: JobControl
) -> None:
    job_id = _dead(bureau, intake)
    control.redrive(job_id, by=ADA, payload=NEW)
    (held,) = bureau.bench.claim()
    bureau.bench.settle(held, "failed", body=ERROR)
    control.redrive(job_id, by=ADA)
    bureau.record()

    found = PostgresHistoryStore(bureau.engine).find(job_id)

    assert found is not None
    assert (found.payload, found.current_payload) == (OLD, NEW)
    assert found.options["destination"] == "call:new.example.com:443"
    assert found.options["tags"] == ["paid"]


def test_a_redrive_is_refused_for_the_twin_of_its_new_payload(
    bureau: Bureau, intake: JobIntake, control: JobControl
) -> None:
    job_id = _dead(bureau, intake)
    twin = intake.check("call", NEW, None, {"tenant": "acme"})
    bureau.enqueue(twin)

    with pytest.raises(NotUnique) as refused:
        control.redrive(job_id, by=ADA, payload=NEW)

    assert refused.value.details == {"job_id": job_id, "holder": twin.id}


def test_a_replaced_payload_brings_what_follows_from_it_back_after_a_lost_redis(
    bureau: Bureau, intake: JobIntake
) -> None:
    said = {"unique": "started", "unique_by": ["name"], "on_conflict": "replace"}
    first = intake.check("call", OLD | {"name": "Ada"}, None, said | {"tags": ["first"]})
    bureau.enqueue(first)
    bureau.queue.enqueue([intake.check("call", NEW | {"name": "Ada"}, None, said)])
    bureau.record()
    bureau.redis.flushall()

    bureau.ledger().rebuild()

    back = _view(bureau, first.id)
    assert _follows(back) == ("call:2", 3, "call:new.example.com:443")
    assert (back.payload["customer"], back.tags) == (2, ["first"])
    [again] = bureau.queue.enqueue([intake.check("call", OLD | {"name": "Ada"}, None, said)])
    assert (again.id, again.replaced) == (first.id, True)


def test_a_limit_key_that_its_caller_named_follows_from_no_payload(
    bureau: Bureau,
) -> None:
    job = bureau.job(limit_key="tenant:acme", limit=4)
    bureau.enqueue(job)
    (held,) = bureau.bench.claim()
    bureau.bench.settle(held, "failed", body=ERROR)
    operations = RedisOperations(bureau.redis, bureau.keys)
    control = JobControl(operations, bureau.inspection, bureau.queue, bureau.intake)

    control.redrive(job.id, by=ADA, payload={"name": "Bob"})

    view = _view(bureau, job.id)
    assert (view.payload, view.limit_key, view.limit) == ({"name": "Bob"}, "tenant:acme", 4)
