"""One queue a test: whoever asks gets the one that stands in, and nobody comes upon the real one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

import tally
from tally import ConfigurationError, JobNotFound, QueueService
from tally.testing import QueueInTest, inline, memory
from tests.unit.testing.conftest import SHOP
from tests.unit.testing.shop import queue

HELD = tally.queue()


def _in_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_queues_that_were_made_before_and_within_are_the_one_that_stands_in(
    jobs: QueueInTest,
) -> None:
    for each in (queue, HELD, tally.queue(), QueueService()):
        each.enqueue_job("print_label", {"text": "x"})

    assert len(jobs.enqueued("print_label")) == 4


def test_each_block_begins_empty() -> None:
    with memory(job_packages=SHOP):
        job_id = queue.enqueue_job("print_label", {"text": "x"})
    with memory(job_packages=SHOP) as jobs:
        assert jobs.enqueued() == []
        with pytest.raises(JobNotFound):
            jobs.job(job_id)


def test_a_thread_that_knows_no_context_finds_the_only_one_there_is(jobs: QueueInTest) -> None:
    _in_thread(lambda: queue.enqueue_job("print_label", {"text": "x"}))

    assert len(jobs.enqueued()) == 1


def test_tests_in_several_threads_have_a_queue_each() -> None:
    both = threading.Barrier(2)

    def test(text: str) -> list[object]:
        with memory(job_packages=SHOP) as jobs:
            both.wait()
            queue.enqueue_job("print_label", {"text": text})
            found = [job.payload["text"] for job in jobs.enqueued()]
            both.wait()
            return found

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(test, ["a", "b"])) == [["a"], ["b"]]


def test_where_several_stand_in_a_thread_without_a_context_is_refused_not_guessed(
    jobs: QueueInTest,
) -> None:
    refused: list[str] = []

    def enqueue() -> None:
        try:
            queue.enqueue_job("print_label", {"text": "x"})
        except ConfigurationError as error:
            refused.append(str(error))

    def other() -> None:
        with memory(job_packages=SHOP) as others:
            _in_thread(enqueue)
            assert others.enqueued() == []

    _in_thread(other)

    assert len(refused) == 1
    assert "copy_context" in refused[0]
    context = copy_context()
    _in_thread(lambda: context.run(enqueue))
    assert len(jobs.enqueued()) == 1


def test_modes_do_not_nest(jobs: QueueInTest) -> None:
    with pytest.raises(ConfigurationError, match="do not nest"), inline():
        pass

    queue.enqueue_job("print_label", {"text": "x"})
    assert len(jobs.enqueued()) == 1


def test_after_the_block_the_queue_is_the_real_one_again() -> None:
    with memory(job_packages=SHOP):
        stand_in = tally.queue()._find_parts()

    assert tally.queue()._find_parts() is not stand_in


def test_what_needs_a_server_says_so(jobs: QueueInTest) -> None:
    from backend.bootstrap.current import platform

    with pytest.raises(ConfigurationError, match="redis_url is memory:"):
        platform().worker_service.all()
