"""Test runs: an event record and a flagged job, in one transaction."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from backend.domain.errors import IdempotencyConflict, InvalidPayload
from tests.integration.record.bureau import Bureau


def test_a_test_run_answers_at_once_and_can_be_followed(bureau: Bureau) -> None:
    receipt = bureau.rehearsals.test_job(
        "count", {"n": 1}, priority="high", environment="staging", tags=["mine"], tenant="acme"
    )

    waiting = bureau.outbox_service.find(receipt.run_id)
    bureau.relay_all()
    queued = bureau.queue.find(receipt.run_id)
    bureau.run_all("41")
    finished = bureau.queue.find(receipt.run_id)

    assert receipt[2:] == ("queued", "Test job queued for execution", 3)
    assert waiting is not None
    assert queued is not None
    assert finished is not None
    assert waiting.state == queued.state == "queued"
    assert queued.queue == "high:report"
    assert queued.tags == ["test", "job-run", "mine"]
    assert queued.options["is_test"] is True
    assert queued.options["environment"] == "staging"
    assert queued.options["version"] == 3
    assert finished.state == "finished"


def test_the_event_of_a_test_run_is_on_record_with_its_run(bureau: Bureau) -> None:
    receipt = bureau.rehearsals.test_job("greet", {"name": "Ada"})

    recorded = bureau.event_service.get_event(receipt.event_id)

    assert recorded.event.name == "job.test"
    assert recorded.event.is_test
    assert recorded.event.payload == '{"job_type": "greet", "payload": {"name": "Ada"}}'
    assert recorded.job_ids == {"test_job": receipt.run_id}


def test_a_test_run_takes_a_queue_and_the_deployed_version(bureau: Bureau) -> None:
    receipt = bureau.rehearsals.test_job("greet", {"name": "Ada"}, queue="low:report", version=1)
    bureau.relay_all()

    queued = bureau.queue.find(receipt.run_id)
    assert queued is not None
    assert queued.queue == "low:report"


def test_a_test_run_with_a_wrong_payload_leaves_nothing(bureau: Bureau) -> None:
    with pytest.raises(InvalidPayload):
        bureau.rehearsals.test_job("greet", {})

    assert bureau.rows("SELECT 1 FROM event_records") == []


def test_a_test_run_of_a_rolled_back_transaction_never_was(bureau: Bureau) -> None:
    with Session(bureau.engine) as session:
        bureau.rehearsals.test_job("greet", {"name": "Ada"}, session=session)
        session.rollback()

    assert bureau.rows("SELECT 1 FROM event_records") == []
    assert bureau.rows("SELECT 1 FROM job_outbox") == []


def test_a_test_run_under_an_id_with_other_contents_is_refused_and_leaves_nothing(
    bureau: Bureau,
) -> None:
    bureau.rehearsals.test_job("greet", {"name": "Ada"}, job_id="mine")

    with pytest.raises(IdempotencyConflict, match="belongs to job mine"):
        bureau.rehearsals.test_job("greet", {"name": "Grace"}, job_id="mine")

    waiting = bureau.outbox_service.find("mine")
    assert waiting is not None
    assert waiting.payload == {"name": "Ada"}
    assert len(bureau.rows("SELECT 1 FROM event_records")) == 1


def test_the_same_test_run_again_under_its_id_is_the_same_run(bureau: Bureau) -> None:
    first = bureau.rehearsals.test_job("greet", {"name": "Ada"}, job_id="mine")

    again = bureau.rehearsals.test_job("greet", {"name": "Ada"}, job_id="mine")

    assert again == first
    assert again.run_id == "mine"
    assert len(bureau.rows("SELECT 1 FROM job_outbox")) == 1


def test_a_test_run_under_the_id_of_another_job_is_refused_and_leaves_nothing(
    bureau: Bureau,
) -> None:
    bureau.outbox_service.enqueue([bureau.job(job_id="mine")])

    with pytest.raises(IdempotencyConflict, match="belongs to job mine"):
        bureau.rehearsals.test_job("greet", {"name": "Grace"}, job_id="mine")

    assert bureau.rows("SELECT 1 FROM event_records") == []
