"""The whole life of one job, as the record tells it."""

from __future__ import annotations

import pytest

from backend.domain.jobs.attempts.outcome import AttemptError, OutcomeKind
from backend.domain.jobs.job_state import JobState
from tests.contract.broker.jobs import ERROR, new_job
from tests.contract.record.chronicle import Chronicle

LABELS = {
    "tags": ["vip"],
    "tenant": "acme",
    "trace_id": "t",
    "context_id": "c",
    "environment": "staging",
    "version": 3,
    "is_test": True,
}


def test_what_a_job_was_accepted_with_is_kept(chronicle: Chronicle) -> None:
    chronicle.scene.accept(new_job("a", "high", options=LABELS, max_attempts=4))

    chronicle.write()

    found = chronicle.find("a")
    job = found.job
    assert (job.job_type, job.queue, job.state) == ("greet", "high", JobState.QUEUED)
    assert (job.attempt, job.max_attempts) == (0, 4)
    assert (job.tags, job.tenant, job.trace_id, job.context_id) == (("vip",), "acme", "t", "c")
    assert (job.environment, job.version, job.is_test) == ("staging", 3, True)
    assert (found.payload, found.current_payload) == ({"name": "Ada"}, {"name": "Ada"})
    assert found.options == LABELS
    assert job.created_at == job.enqueued_at == chronicle.scene.view("a").created_at
    assert (job.started_at, job.finished_at, job.run_at, job.discarded_at) == (None,) * 4


def test_a_life_is_told_from_beginning_to_end(chronicle: Chronicle) -> None:
    scene = chronicle.scene
    held = scene.started()
    chronicle.broker.pass_time(2)
    scene.settle(held, "retried", delay=10.0, run_seconds=1.5, log='[[1000,"info","said"]]')
    chronicle.broker.pass_time(20)
    scene.promote()
    chronicle.broker.pass_time(3)
    [again] = scene.claim(worker="w2")
    scene.settle(again, "finished", result='{"n":1}', run_seconds=0.5)

    chronicle.write()

    found = chronicle.find(held.id)
    assert [line.kind for line in found.timeline] == [
        *("enqueued", "started", "retried", "promoted", "started", "finished"),
    ]
    assert [line.state for line in found.timeline] == [
        *("queued", "started", "scheduled", "queued", "started", "finished"),
    ]
    first, second = found.attempts
    assert (first.attempt, first.outcome, first.worker) == (1, OutcomeKind.RETRIED, "w1")
    assert (first.error, first.result, first.ran, first.waited) == (ERROR, None, 1.5, 0.0)
    assert [(line.level, line.text) for line in first.log] == [("info", "said")]
    assert (first.ended_at - first.started_at).total_seconds() == 2.0
    assert (second.attempt, second.outcome, second.worker) == (2, OutcomeKind.FINISHED, "w2")
    assert (second.error, second.result, second.waited) == (None, {"n": 1}, 3.0)
    job = found.job
    assert (job.state, job.attempt, job.worker) == (JobState.FINISHED, 2, "w2")
    assert (job.started_at, job.finished_at) == (second.started_at, second.ended_at)
    assert (job.last_error, job.error_kind) == ("ValueError: no", "ValueError")


def test_a_batch_that_comes_twice_is_recorded_once(chronicle: Chronicle) -> None:
    chronicle.scene.finished()
    events = chronicle.write()
    before = chronicle.find(events[0].job_id)

    chronicle.write_again(events)

    assert chronicle.find(events[0].job_id) == before


def test_a_life_told_in_several_batches_is_the_same_in_any_order(chronicle: Chronicle) -> None:
    held = chronicle.scene.started()
    chronicle.scene.settle(held, "failed")
    chronicle.scene.do.redrive([held.id], by="ada", reason="fixed")
    batch = chronicle.broker.events.read(100, 0.0).events

    for event in reversed(batch):
        chronicle.write_again([event])

    found = chronicle.find(held.id)
    assert [line.kind for line in found.timeline] == ["enqueued", "started", "failed", "redriven"]
    assert (found.job.state, found.job.attempt) == (JobState.QUEUED, 1)
    assert [attempt.outcome for attempt in found.attempts] == [OutcomeKind.FAILED]
    assert (found.timeline[-1].actor, found.timeline[-1].note) == ("ada", "fixed")


def test_a_claim_that_was_returned_is_no_attempt(chronicle: Chronicle) -> None:
    held = chronicle.scene.started()
    chronicle.scene.settle(held, "returned")

    chronicle.write()

    found = chronicle.find(held.id)
    assert [line.kind for line in found.timeline] == ["enqueued", "claimed", "released"]
    assert (found.attempts, found.job.attempt, found.job.worker) == ((), 0, "")
    assert found.job.started_at is None


def test_a_claim_that_was_returned_for_later_is_no_attempt_and_says_why(
    chronicle: Chronicle,
) -> None:
    held = chronicle.scene.started()
    chronicle.scene.settle(held, "returned", delay=60.0, error=ERROR)

    chronicle.write()

    found = chronicle.find(held.id)
    assert [line.kind for line in found.timeline] == ["enqueued", "claimed", "snoozed"]
    assert found.timeline[-1].note == f"{ERROR.error}: {ERROR.message}"
    assert (found.attempts, found.job.attempt, found.job.started_at) == ((), 0, None)
    assert found.job.state is JobState.SCHEDULED
    assert found.job.run_at == found.timeline[-1].due_at == chronicle.scene.view(held.id).run_at


def test_a_changed_payload_stands_beside_the_first(chronicle: Chronicle) -> None:
    job_id = chronicle.scene.dead()
    chronicle.scene.do.redrive_changed(job_id, "greet", '{"name":"Bob"}', by="ada", reason="")

    chronicle.write()

    found = chronicle.find(job_id)
    assert (found.payload, found.changed_payload) == ({"name": "Ada"}, {"name": "Bob"})
    assert found.current_payload == {"name": "Bob"}


def test_an_id_that_comes_again_is_another_job(chronicle: Chronicle) -> None:
    """Its timeline has both; nothing else of the earlier one is told of it."""
    scene = chronicle.scene
    scene.dead(job_id="a", options={"tenant": "acme"})
    scene.do.redrive_changed("a", "greet", '{"name":"Bob"}', by="ada", reason="")
    [held] = scene.claim()
    scene.settle(held, "finished")
    chronicle.write()
    chronicle.broker.pass_time(501)

    scene.scheduled(job_id="a", payload='{"name":"Eve"}', options={"tenant": "other"})
    chronicle.write()

    found = chronicle.find("a")
    assert (found.current_payload, found.changed_payload) == ({"name": "Eve"}, None)
    assert found.options == {"tenant": "other"}
    job = found.job
    assert (job.state, job.attempt, job.worker, job.last_error) == (JobState.SCHEDULED, 0, "", "")
    assert (job.started_at, job.enqueued_at, job.finished_at) == (None, None, None)
    assert [attempt.outcome for attempt in found.attempts] == ["failed", "finished"]
    assert chronicle.search(error_kind="ValueError") == []


def test_a_scheduled_job_says_when_it_is_due(chronicle: Chronicle) -> None:
    job_id = chronicle.scene.scheduled(delay=100.0)

    chronicle.write()

    job = chronicle.find(job_id).job
    assert (job.state, job.run_at) == (JobState.SCHEDULED, chronicle.scene.view(job_id).run_at)
    assert job.enqueued_at is None


def test_a_discarded_job_stays_failed_and_says_since_when_it_is_given_up(
    chronicle: Chronicle,
) -> None:
    job_id = chronicle.scene.dead()
    chronicle.broker.pass_time(60)
    chronicle.scene.do.discard([job_id], by="ada", reason="")

    chronicle.write()

    job = chronicle.find(job_id).job
    assert job.state is JobState.FAILED
    assert job.discarded_at is not None
    assert job.finished_at is not None
    assert (job.discarded_at - job.finished_at).total_seconds() == 60.0


@pytest.mark.parametrize("kind", ["crashed", "suspected", "snoozed", "released", "canceled"])
def test_every_end_of_an_attempt_is_kept_as_what_it_was(chronicle: Chronicle, kind: str) -> None:
    held = chronicle.scene.started()
    chronicle.scene.settle(held, kind)

    chronicle.write()

    [attempt] = chronicle.find(held.id).attempts
    assert attempt.outcome == kind
    is_fault = kind in {"crashed", "suspected"}
    error: AttemptError | None = ERROR if is_fault else None
    assert attempt.error == error


def test_what_was_never_recorded_is_not_found(chronicle: Chronicle) -> None:
    assert chronicle.reader.find("nobody") is None


def test_an_error_has_no_character_that_the_record_cannot_hold(chronicle: Chronicle) -> None:
    held = chronicle.scene.started()
    told = AttemptError("permanent_failure", "Böse", "bad \0 byte", "trace\0back")
    chronicle.scene.settle(held, "failed", error=told)

    chronicle.write()

    found = chronicle.find(held.id)
    assert found.job.last_error == "Böse: bad \ufffd byte"
    assert found.attempts[0].error == AttemptError(
        "permanent_failure", "Böse", "bad \ufffd byte", "trace\ufffdback"
    )
