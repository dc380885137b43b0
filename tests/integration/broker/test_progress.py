"""The ``progress`` step: how far a job is, readable while it runs."""

from __future__ import annotations

import json

from backend.broker.jobs.job_queue import RedisJobQueue
from backend.broker.jobs.progress_notes import RedisProgressNotes
from backend.domain.jobs.job import ClaimedJob
from tests.integration.broker.bench import Bench


def _note(bench: Bench, job: ClaimedJob, done: int) -> int:
    notes = RedisProgressNotes(bench.redis, bench.keys)
    return notes.note(job.id, job.fence, json.dumps({"done": done, "total": 10, "note": ""}))


def test_progress_is_readable_while_the_job_runs(bench: Bench) -> None:
    job = bench.started()

    assert _note(bench, job, 3) == 1

    seen = RedisJobQueue(bench.redis, bench.redis, bench.keys).find(job.id)
    assert seen is not None
    assert seen.progress == {"done": 3, "total": 10, "note": ""}


def test_the_newest_progress_holds_and_no_event_tells_of_it(bench: Bench) -> None:
    job = bench.started()
    _note(bench, job, 3)
    before = bench.kinds()

    _note(bench, job, 4)

    assert json.loads(bench.field(job.id, "progress") or "{}")["done"] == 4
    assert bench.kinds() == before


def test_who_lost_the_lease_may_note_nothing(bench: Bench) -> None:
    sleeper = bench.started()
    bench.settle(sleeper, "released")
    bench.claim(worker="w2")
    before = bench.snapshot()

    assert _note(bench, sleeper, 3) == 0

    assert bench.snapshot() == before


def test_nothing_is_noted_after_the_end_or_for_a_job_nobody_knows(bench: Bench) -> None:
    finished, gone = bench.started(), bench.started()
    bench.settle(finished, "finished")
    bench.remove_hash(gone.id)

    assert _note(bench, finished, 3) == 0
    assert _note(bench, gone, 3) == 0

    assert not bench.redis.exists(bench.keys.job(gone.id))


def test_who_notes_progress_hears_that_the_job_is_to_stop(bench: Bench) -> None:
    job = bench.started()
    bench.cancel(job.id)

    assert _note(bench, job, 3) == 2


def test_the_next_attempt_starts_with_a_clean_slate(bench: Bench) -> None:
    job = bench.started()
    _note(bench, job, 9)
    bench.settle(job, "retried", delay=1000)
    bench.make_due(job.id)
    bench.promote()

    bench.claim()

    assert bench.field(job.id, "progress") is None
    assert bench.field(job.id, "ended_at") is None
