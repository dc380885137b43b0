"""A job of a type that its worker does not know waits for one that does, for so long and no longer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.jobs.attempts.unknown_type import put_off
from tests.unit.runtime.attempts import claimed
from workers.runtime.attempts.known_types import KnownTypes


class Runs:
    """What runs jobs; only that it is chosen is looked at."""


RUNS, ALONE = Runs(), Runs()


def _runner_of(known: dict[str, int], suspect: bool = False, **options: Any) -> Any:
    types = KnownTypes(
        known,
        dict.fromkeys(known, RUNS),  # type: ignore[arg-type]
        dict.fromkeys(known, ALONE),  # type: ignore[arg-type]
        patience_seconds=600,
    )
    return types.runner_of(claimed(suspect=suspect, options=json.dumps(options).encode()))


@pytest.mark.parametrize(
    ("known", "options"),
    [
        ({"greet": 1}, {}),
        ({"greet": 2}, {"version": 2}),
        ({"greet": 3}, {"version": 2}),
        ({"greet": 1}, {"tags": ["version"]}),
    ],
)
def test_what_a_worker_knows_it_runs(known: dict[str, int], options: dict[str, Any]) -> None:
    assert _runner_of(known, **options) is RUNS
    assert _runner_of(known, suspect=True, **options) is ALONE


@pytest.mark.parametrize(
    ("known", "reason", "words"),
    [
        (
            {},
            "unknown_job_type",
            "this worker knows no job type 'greet'; it waits for a worker that",
        ),
        (
            {"greet": 1},
            "newer_version",
            "this worker knows only version 1 of 'greet'; it waits for",
        ),
    ],
)
def test_what_it_does_not_know_is_put_off_uncharged(
    known: dict[str, int], reason: str, words: str
) -> None:
    outcome = _runner_of(known, version=2)

    assert isinstance(outcome, Outcome)
    assert (outcome.kind, outcome.delay) == (OutcomeKind.RETURNED, 15.0)
    assert outcome.error is not None
    assert outcome.error.reason == reason
    assert outcome.error.message.startswith(words)


def test_its_patience_ends_with_the_wait_whatever_was_charged_before() -> None:
    at = 0.0
    types = KnownTypes({}, {}, {}, patience_seconds=600, now=lambda: at)
    put_off_before = claimed(attempt=500, failures=3)

    kinds = []
    for at in (0.0, 599.0, 600.0):  # noqa: B007 - the clock of the worker
        outcome = types.runner_of(put_off_before)
        assert isinstance(outcome, Outcome)
        kinds.append(outcome.kind)

    assert kinds == [OutcomeKind.RETURNED, OutcomeKind.RETURNED, OutcomeKind.FAILED]


def test_a_job_that_another_worker_ran_meanwhile_waits_anew() -> None:
    at = 0.0
    types = KnownTypes({}, {}, {}, patience_seconds=600, now=lambda: at)
    types.runner_of(claimed(attempt=1))

    at = 3600.0
    outcome = types.runner_of(claimed(attempt=2, failures=1))

    assert isinstance(outcome, Outcome)
    assert outcome.kind is OutcomeKind.RETURNED


def test_a_worker_remembers_no_more_jobs_than_a_bound() -> None:
    types = KnownTypes({}, {}, {}, patience_seconds=600)

    for number in range(10_050):
        types.runner_of(claimed(id=f"job-{number}"))

    assert len(types._first_seen) == 10_000


def test_a_short_patience_looks_more_often_and_none_fails_at_once() -> None:
    assert put_off(claimed(), None, 20, 0).delay == 0.5
    refused = put_off(claimed(), None, 0, 0)
    assert (refused.kind, refused.error and refused.error.reason) == (
        OutcomeKind.FAILED,
        "unknown_job_type",
    )
