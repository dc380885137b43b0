"""What workers do, one handler at a time."""

from __future__ import annotations

from documents import store
from documents.jobs import Document, count_words
from tally.testing import run_job


def test_words_are_counted_whatever_their_case() -> None:
    store.keep("poem", b"A rose\nis a ROSE")

    ran = run_job(count_words, Document(name="poem"))

    assert ran.result == {"words": 5, "most_frequent": ["a", "rose", "is"]}
    assert ran.progress == [(1, 2, "lines"), (2, 2, "lines")]


def test_a_document_that_is_gone_is_no_reason_to_try_again() -> None:
    assert run_job(count_words, {"name": "poem"}).outcome == "failed"
