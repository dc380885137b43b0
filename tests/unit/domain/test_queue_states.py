"""The books of a queue, and how a job is seen."""

from __future__ import annotations

from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_state import QueueState


def _state(accepted: int, **counts: int) -> QueueState:
    words = {JobState(word): number for word, number in counts.items()}
    return QueueState("high", words, accepted, 0, None, paused=False)


def test_books_balance_when_every_accepted_job_is_somewhere() -> None:
    assert _state(6, queued=1, started=2, finished=3).difference == 0


def test_a_lost_job_is_a_positive_difference_and_a_doubled_one_a_negative() -> None:
    assert _state(3, queued=2).difference == 1
    assert _state(3, queued=4).difference == -1


def test_a_view_finds_tags_and_trace_among_the_options() -> None:
    plain = JobView("a", "greet", "high", JobState.QUEUED, {}, 0, 1)
    traced = JobView(
        "a", "greet", "high", JobState.QUEUED, {}, 0, 1, options={"tags": ["x"], "trace_id": "t"}
    )

    assert (plain.tags, plain.trace_id) == ([], "")
    assert (traced.tags, traced.trace_id) == (["x"], "t")
