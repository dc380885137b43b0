"""What is told of a job that is answered in another one's place."""

from __future__ import annotations

import pytest

from backend.domain.jobs.options.unique import UniqueScope
from backend.domain.jobs.plans.twin import ReplayedId, Twin, TwinBy

OTHERS, GETS = ", with another type, payload, queue or tenant", "; it gets the newest payload"
STARTED, HOUR = UniqueScope("greet:7", "started"), UniqueScope("greet:7", "3600")


@pytest.mark.parametrize(
    ("twin", "words"),
    [
        (Twin("a", TwinBy.JOB_ID), "job a has this id and is there already"),
        (
            Twin("a", TwinBy.IDEMPOTENCY_KEY),
            "job a was accepted under the same idempotency key",
        ),
        (
            Twin("a", TwinBy.IDEMPOTENCY_KEY, is_conflict=True),
            f"job a was accepted under the same idempotency key{OTHERS}",
        ),
        (
            Twin("a", TwinBy.UNIQUE, STARTED),
            "job a is the same and keeps others out, until it has started",
        ),
        (
            Twin("a", TwinBy.UNIQUE, HOUR),
            "job a is the same and keeps others out, for 1 h from when it was accepted",
        ),
        (
            Twin("", TwinBy.UNIQUE, STARTED, replaced=True, place=3),
            f"the job at 3 of the plan is the same and keeps others out, until it has started{GETS}",
        ),
    ],
)
def test_a_twin_is_told_in_words(twin: Twin, words: str) -> None:
    assert twin.words == words


def test_the_id_of_a_replay_is_a_text_that_knows_the_twin() -> None:
    twin = Twin("a", TwinBy.UNIQUE, STARTED)

    answered, new = ReplayedId("a", twin), ReplayedId("b")

    assert (answered, answered.twin) == ("a", twin)
    assert (new, new.twin) == ("b", None)
