"""Folding: what a batch says of each job, whatever the order of its events."""

from __future__ import annotations

import itertools

import pytest

from backend.domain.jobs.job_event import JobEvent, version_of
from backend.history.recording.job_registers import JobRegisters, fold

ACCEPTED = JobEvent(
    "1000-0", "enqueued", "j", "low", state="queued", job_type="greet", max_attempts=2, data="{}"
)
STARTED = JobEvent("2000-0", "started", "j", "low", 1, "w1")
RETRIED = JobEvent("3000-0", "retried", "j", "low", 1, "w1", "2000-0", '{"error":"E"}', 9.0, 8000)
PROMOTED = JobEvent("8000-0", "promoted", "j", "low")
AGAIN = JobEvent("9000-0", "started", "j", "low", 2, "w2")
FINISHED = JobEvent("9500-7", "finished", "j", "low", 2, "w2", "9000-0", "1", 5.0)
LIFE = (ACCEPTED, STARTED, RETRIED, PROMOTED, AGAIN, FINISHED)


def only_job(*events: JobEvent) -> JobRegisters:
    """The registers of the only job."""
    [job] = fold(events).jobs
    return job


def test_every_order_comes_to_the_same() -> None:
    expected = fold(LIFE)

    for order in itertools.permutations(LIFE):
        assert fold(order) == expected


def test_the_newest_event_decides_about_the_state() -> None:
    job = only_job(*LIFE)

    assert (job.status, job.status_version) == ("finished", version_of("9500-7"))
    assert (job.attempt, job.worker, job.fence) == (2, "w2", version_of("9000-0"))
    assert job.position == version_of("1000-0")
    assert job.ready_versions == [version_of("1000-0"), version_of("8000-0")]


def test_an_error_is_remembered_after_a_success() -> None:
    job = only_job(*LIFE)

    assert job.error_version == version_of("3000-0")
    assert job.fault is not None
    assert job.fault.kind == "E"


def test_an_id_that_is_accepted_again_begins_anew() -> None:
    again = ACCEPTED._replace(id="10000-0", state="scheduled", due_ms=99_000)
    died = RETRIED._replace(id="9600-0", kind="failed", fence="9000-0")
    changed = JobEvent("9700-0", "redriven", "j", "low", data='{"n":2}', options='{"tenant":"x"}')
    expected = only_job(again)

    job = only_job(*LIFE[:5], died, changed, again)

    assert job.options == expected.options
    assert (job.fence, job.attempt, job.worker, job.ready_version) == (0, 0, "", 0)
    assert (job.error_version, job.fault) == (0, None)
    assert (job.payload_version, job.changed_payload) == (0, "")


def test_without_its_acceptance_a_job_has_a_negative_position() -> None:
    assert only_job(PROMOTED, STARTED).position == -version_of("2000-0")


def test_an_end_tells_of_its_attempt_even_alone() -> None:
    job = only_job(FINISHED)

    assert (job.fence, job.attempt, job.worker) == (version_of("9000-0"), 2, "w2")


def test_a_retry_without_a_delay_is_due_at_once() -> None:
    assert only_job(RETRIED._replace(due_ms=0)).due_ms == 3001


def test_being_moved_says_nothing_about_the_state() -> None:
    moved = JobEvent("5000-0", "reprioritised", "j", "high", worker="ada")

    job = only_job(moved)

    assert (job.queue, job.version, job.status_version) == ("high", version_of("5000-0"), 0)


def test_being_asked_to_stop_and_being_dropped_are_only_lines() -> None:
    asked = JobEvent("5000-0", "cancel_asked", "j", "low", worker="ada", body="why")
    dropped = JobEvent("6000-0", "dropped", "ghost", "low")

    folded = fold([asked, dropped])

    assert folded.jobs == []
    assert len(folded.timeline) == 2


def test_withdrawing_a_waiting_job_names_no_worker() -> None:
    canceled = JobEvent("5000-0", "canceled", "j", "low", worker="ada", body="why")

    folded = fold([ACCEPTED, canceled])

    assert (folded.jobs[0].status, folded.jobs[0].worker) == ("canceled", "")
    assert folded.attempts == []


@pytest.mark.parametrize(
    "broken",
    [STARTED._replace(id="now"), FINISHED._replace(fence="then"), ACCEPTED._replace(options="[]")],
)
def test_an_event_that_contradicts_itself_is_refused(broken: JobEvent) -> None:
    with pytest.raises(ValueError, match=r"invalid literal|must be an object"):
        fold([broken])
