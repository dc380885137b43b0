"""Middleware stands around async handlers within their own task, wherever that runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import pytest

import tally
from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job_type import JobType
from tests.unit.runtime.attempts import claimed
from tests.unit.runtime.loops import bench
from workers.runtime.attempts import attempt
from workers.runtime.attempts.own_loop import OwnLoop

pytestmark = pytest.mark.usefixtures("own_middleware")

_tenant: ContextVar[str] = ContextVar("tenant", default="nobody's")


class Tenants(tally.Middleware):
    """Awaits before the handler, and sets what that sees."""

    @asynccontextmanager
    async def around_async_attempt(self, context: tally.JobContext) -> AsyncIterator[None]:
        await asyncio.to_thread(context.log.info, "looked up")
        _tenant.set(f"{context.job_type}'s")
        yield


async def _whose(_payload: Any) -> str:
    return _tenant.get()


def _in_the_loop() -> Outcome:
    with bench({"greet": _whose}) as it:
        it.queue.add("greet")
        it.pool.exchange([], 1)
        [outcome] = it.settle(1)
    return outcome


def _in_a_loop_of_its_own() -> Outcome:
    own_loop = OwnLoop()
    prepared = attempt.prepare(JobType("greet", _whose), None, own_loop=own_loop)
    outcome = attempt.run(prepared, claimed(), tally.JobContext("a", "greet", 1))
    own_loop.close()
    return outcome


@pytest.mark.parametrize("run", [_in_the_loop, _in_a_loop_of_its_own])
def test_a_handler_sees_what_middleware_set_and_the_next_one_does_not(run: Any) -> None:
    tally.use(Tenants())

    outcome = run()

    assert (outcome.result, "looked up" in outcome.log) == ('"greet\'s"', True)
    assert _tenant.get() == "nobody's"
