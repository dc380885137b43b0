"""Requests enqueue jobs and tell what became of them."""

from __future__ import annotations

from fastapi.testclient import TestClient

from documents.jobs import count_words
from tally.testing import QueueInTest


def test_the_words_of_a_document_are_counted(tally_queue: QueueInTest, caller: TestClient) -> None:
    job = caller.put("/documents/poem", content="To be or not to be").json()["job"]
    assert caller.get(f"/jobs/{job}").json()["state"] == "queued"

    tally_queue.drain()

    assert caller.get(f"/jobs/{job}").json() == {
        "state": "finished",
        "progress": {"done": 1, "total": 1, "note": "lines"},
        "result": {"words": 6, "most_frequent": ["to", "be", "or"]},
        "error": None,
    }


def test_who_wants_to_be_told_names_an_address(
    tally_queue: QueueInTest, caller: TestClient
) -> None:
    address = "https://example.com/counted"

    with tally_queue.expect_enqueued(count_words, name="poem", callback_url=address):
        answer = caller.put("/documents/poem", content="", params={"callback_url": address})

    assert answer.status_code == 202


def test_what_is_too_long_or_misnamed_starts_nothing(
    tally_queue: QueueInTest, caller: TestClient
) -> None:
    with tally_queue.refute_enqueued(count_words):
        assert caller.put("/documents/poem", content="x" * 1_000_001).status_code == 413
        assert caller.put("/documents/.hidden", content="x").status_code == 422


def test_a_job_that_there_is_not_is_not_found(tally_queue: QueueInTest, caller: TestClient) -> None:
    assert caller.get("/jobs/nothing").status_code == 404
