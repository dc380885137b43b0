"""Tests of the job types: `pytest`. They need no server; the fixture `tally_queue` comes with Tally."""

from jobs import Greeting, greet
from tally.testing import QueueInTest, run_job


def test_somebody_is_greeted() -> None:
    assert run_job(greet, Greeting(name="Ada")).result == {"greeting": "Hello, Ada!"}


def test_a_greeting_is_enqueued_and_runs(tally_queue: QueueInTest) -> None:
    with tally_queue.expect_enqueued(greet, name="Ada", priority="high"):
        job = greet.enqueue(Greeting(name="Ada"), priority="high")

    tally_queue.drain()
    assert job.result() == {"greeting": "Hello, Ada!"}
