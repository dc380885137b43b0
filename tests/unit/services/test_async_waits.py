"""Waiting for jobs in an event loop: whose threads it takes, and for how long."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from backend.domain.errors import InvalidOption, WaitTimeout
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.job import EnqueueReply, JobView, NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from backend.services.queue_service import QueueService
from tests.eventually import eventually


class HeldQueue:
    """A `JobQueue` whose jobs have not ended until the test says so."""

    def __init__(self) -> None:
        self.is_over = threading.Event()
        #: How long each call was to wait.
        self.asked: list[float] = []
        #: What is said before that, as by a word that is left from an end before.
        self.left: list[bool] = []

    def enqueue(self, jobs: Sequence[NewJob]) -> list[EnqueueReply]:
        return [EnqueueReply(job.id, created=True) for job in jobs]

    def find(self, job_id: str) -> JobView | None:
        state = JobState.FINISHED if self.is_over.is_set() else JobState.QUEUED
        return JobView(job_id, "greet", "normal", state, {}, 0, 3)

    def wait(self, job_id: str, timeout: float) -> bool:
        self.asked.append(timeout)
        return self.left.pop() if self.left else self.is_over.wait(timeout)


@pytest.fixture
def queue() -> HeldQueue:
    return HeldQueue()


@pytest.fixture
def service(queue: HeldQueue) -> QueueService:
    catalogue = JobTypeCatalogue(default_retry=RetryPolicy((7.0,)))
    catalogue.add(JobType("greet", None))
    intake = JobIntake(
        catalogue, IntakeRules(), new_id=lambda: "new", now=lambda: datetime.now(UTC)
    )
    return QueueService(queue, intake)


async def _begun(queue: HeldQueue) -> None:
    await asyncio.to_thread(eventually, lambda: queue.asked)


def test_who_waits_takes_none_of_the_loops_own_threads(
    queue: HeldQueue, service: QueueService
) -> None:
    async def waited() -> list[bool]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        waits = [asyncio.create_task(service.await_job("one", 20)) for _ in range(3)]
        await _begun(queue)
        await asyncio.to_thread(queue.find, "one")
        have_ended = [wait.done() for wait in waits]
        queue.is_over.set()
        await asyncio.gather(*waits)
        return have_ended

    assert asyncio.run(waited()) == [False] * 3


def test_calls_find_a_thread_however_many_wait_and_all_of_those_are_told(
    queue: HeldQueue, service: QueueService
) -> None:
    async def waited() -> tuple[str, bool, list[JobView]]:
        waits = [asyncio.create_task(service.await_job("one", 20)) for _ in range(300)]
        await _begun(queue)
        job_id = await service.aenqueue_job("greet", {})
        has_ended = any(wait.done() for wait in waits)
        queue.is_over.set()
        return job_id, has_ended, await asyncio.gather(*waits)

    job_id, has_ended, jobs = asyncio.run(waited())

    assert (job_id, has_ended) == ("new", False)
    assert [job.state for job in jobs] == [JobState.FINISHED] * 300


def test_a_wait_that_is_given_up_keeps_neither_its_loop_nor_a_thread(
    queue: HeldQueue, service: QueueService
) -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(service.await_job("one", timeout=60), 0.05))

    assert not queue.is_over.is_set()
    assert max(queue.asked) <= 1.0


def test_a_wait_ends_with_its_time_and_says_how_long_it_was(service: QueueService) -> None:
    with pytest.raises(WaitTimeout, match=r"job one is still queued after 1\.2 s"):
        asyncio.run(service.await_job("one", timeout=1.2))


def test_a_time_that_is_no_number_is_refused(queue: HeldQueue, service: QueueService) -> None:
    for wait in (service.wait, lambda *said: asyncio.run(service.await_job(*said))):
        with pytest.raises(InvalidOption, match="timeout must be a number of seconds, not nan"):
            wait("one", math.nan)

    assert queue.asked == []


def test_what_is_left_from_an_end_before_is_not_taken_for_the_end(
    queue: HeldQueue, service: QueueService
) -> None:
    queue.left = [True, True]
    ending = threading.Timer(0.1, queue.is_over.set)
    ending.start()

    assert service.wait("one", 20).state is JobState.FINISHED

    assert len(queue.asked) == 3
    ending.join()


_FORK = """
import asyncio, os
from workers.job_types.call_threads import in_a_thread

asyncio.run(in_a_thread(len, "parent"))
child = os.fork()
if not child:
    print(asyncio.run(in_a_thread(len, "a child")), flush=True)
    os._exit(0)
print(os.waitpid(child, 0)[1], asyncio.run(in_a_thread(len, "parent")))
"""


def test_a_forked_process_has_threads_of_its_own() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _FORK], capture_output=True, text=True, timeout=60, check=True
    )

    assert ran.stdout.splitlines() == ["7", "0 6"]
