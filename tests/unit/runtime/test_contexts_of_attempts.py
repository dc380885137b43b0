"""Each attempt has a context of its own, in which it finds its job."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import Any

import structlog

from tests.unit.runtime.attempts import run
from workers.base_worker import JobContext, current_job

customer: ContextVar[str] = ContextVar("customer", default="nobody")


def test_what_a_handler_sets_the_next_job_of_its_slot_does_not_see() -> None:
    def sets(_payload: Any) -> None:
        customer.set("acme")
        structlog.contextvars.bind_contextvars(customer="acme")

    run(sets)

    looked = run(lambda: [customer.get(), structlog.contextvars.get_contextvars()])
    assert looked.result == '["nobody",{}]'


def test_code_below_a_handler_finds_the_job_that_it_works_for() -> None:
    def found() -> list[Any]:
        job = current_job()
        assert job is not None
        return [job.job_id, job.tenant]

    assert run(lambda _payload: found(), tenant="acme").result == '["a","acme"]'
    assert current_job() is None


def test_two_slots_do_not_see_each_others_jobs() -> None:
    seen: dict[str, str] = {}
    both = threading.Barrier(2, timeout=60)

    def looks(_payload: Any, context: JobContext) -> None:
        both.wait()
        job = current_job()
        seen[context.tenant] = job.tenant if job else ""

    slots = [threading.Thread(target=run, args=(looks,), kwargs={"tenant": t}) for t in "ab"]
    for slot in slots:
        slot.start()
    for slot in slots:
        slot.join()

    assert seen == {"a": "a", "b": "b"}
