"""How many jobs a slot claims at once."""

from __future__ import annotations

from workers.runtime.slots.batch_size import BatchSize


def test_a_new_slot_claims_one() -> None:
    assert BatchSize(seconds=0.01, limit=32).jobs == 1


def test_short_jobs_make_a_batch_of_about_ten_milliseconds_by_and_by() -> None:
    size = BatchSize(seconds=0.01, limit=32)

    sizes = []
    for _ in range(60):
        size.learn(0.001)
        sizes.append(size.jobs)

    assert sizes == sorted(sizes)
    assert sizes[0] == 1
    assert sizes[-1] in {9, 10}


def test_the_limit_holds_however_short_the_jobs() -> None:
    size = BatchSize(seconds=0.01, limit=16)
    for _ in range(200):
        size.learn(0.0)

    assert size.jobs == 16


def test_one_long_job_ends_batching_at_once() -> None:
    size = BatchSize(seconds=0.01, limit=32)
    for _ in range(100):
        size.learn(0.0001)

    size.learn(3.0)

    assert size.jobs == 1


def test_it_never_claims_nothing() -> None:
    size = BatchSize(seconds=0.01, limit=1)
    size.learn(1000.0)

    assert size.jobs == 1
