"""Calls by name from a program with an event loop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tally import InvalidOption, JobNotFound, QueueService
from tally.testing import QueueInTest


async def _all_of_them(queue: QueueService) -> list[Any]:
    one = await queue.aenqueue_job("send_receipt", {"order_id": 17}, "low", tenant="acme")
    many = await queue.aenqueue_many([{"job_type": "close_order", "payload": {"order_id": 18}}])
    ended = await queue.await_job(one, timeout=1)
    return [ended.result, (await queue.aget_job(many[0])).state]


def test_each_does_what_its_blocking_sibling_does(at_once: QueueInTest) -> None:
    ended, state = asyncio.run(_all_of_them(QueueService()))

    assert ended == {"sent": 17, "attempt": 1, "tenant": "acme"}
    assert state == "finished"
    assert [job.priority for job in at_once.enqueued("send_receipt")] == ["low", "high"]


def test_each_raises_what_its_sibling_raises(jobs: QueueInTest) -> None:
    queue = QueueService()

    with pytest.raises(InvalidOption, match="delay"):
        asyncio.run(queue.aenqueue_job("send_receipt", {"order_id": 17}, delay=-1))
    with pytest.raises(JobNotFound):
        asyncio.run(queue.aget_job("nobody"))
    assert jobs.waiting() == []
