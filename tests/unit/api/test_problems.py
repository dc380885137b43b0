"""Every error of ours has a status, a title, and nothing secret in it."""

from __future__ import annotations

import pytest

from backend.api.http.error_handlers import STATUSES, problem_kinds, status_of
from backend.api.http.problem import problem_of
from backend.domain.errors import (
    ConfigurationError,
    HistoryUnavailable,
    IllegalMove,
    InvalidOption,
    InvalidPayload,
    JobNotFound,
    QueueFull,
    QueueUnavailable,
    TallyError,
)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (InvalidOption, 422),
        (JobNotFound, 404),
        (IllegalMove, 409),
        (QueueUnavailable, 503),
        (HistoryUnavailable, 503),
        (QueueFull, 429),
        (ConfigurationError, 500),
    ],
)
def test_an_error_has_the_status_of_its_kind(kind: type[TallyError], status: int) -> None:
    assert status_of(kind) == status


def test_an_error_that_nobody_gave_a_status_has_that_of_the_kind_above_it() -> None:
    class Unheard(JobNotFound):
        code = "unheard"

    assert status_of(Unheard) == 404


def test_every_status_belongs_to_an_error_that_exists() -> None:
    assert set(STATUSES) <= set(problem_kinds())


def test_every_kind_of_problem_is_told_in_a_sentence() -> None:
    for code, (status, kind) in problem_kinds().items():
        assert 400 <= status < 600, code
        assert kind.__doc__ or not kind.__module__.startswith("backend"), code


def test_a_payload_that_does_not_fit_points_at_the_field() -> None:
    error = InvalidPayload("no", errors=[{"field": "to.0", "problem": "not an address"}])

    problem = problem_of(error, 422, "/api/jobs", "r1")

    assert problem.errors is not None
    assert problem.errors[0].pointer == "/payload/to/0"
    assert problem.request_id == "r1"


def test_an_option_that_does_not_fit_points_at_the_field() -> None:
    problem = problem_of(InvalidOption("no", field="delay"), 422, "/api/jobs", "r1")

    assert problem.errors is not None
    assert problem.errors[0].pointer == "/delay"


def test_credentials_in_a_message_are_masked() -> None:
    error = QueueUnavailable("redis://user:hunter2@host:6379 does not answer")

    problem = problem_of(error, 503, "/api/jobs", "r1")

    assert "hunter2" not in problem.detail
