"""How waits between attempts grow."""

from __future__ import annotations

import math
from typing import Any

import pytest

from backend.domain.jobs.attempts.backoff import Exponential, Linear


@pytest.mark.parametrize(
    ("backoff", "times", "delays"),
    [
        (Exponential(), 3, (10, 20, 40)),
        (Exponential(), 0, (10,)),
        (Exponential(1, factor=3, most=10), 20, (1, 3, 9, 10)),
        (Exponential(10, factor=1), 50, (10,)),
        (Exponential(500, most=60), 5, (60,)),
        (Exponential(0), 5, (0,)),
        (Exponential(0.1, factor=1.5, most=1), 10, (0.1, 0.15, 0.225, 0.338, 0.506, 0.759, 1)),
        (Linear(), 4, (10, 20, 30, 40)),
        (Linear(5, step=0), 9, (5,)),
        (Linear(0, step=7, most=20), 9, (0, 7, 14, 20)),
    ],
)
def test_waits_grow_until_they_stay(
    backoff: Exponential | Linear, times: int, delays: tuple[float, ...]
) -> None:
    assert backoff.delays(times) == delays


@pytest.mark.parametrize("backoff", [Exponential(0.001, factor=1.01), Linear(1, step=1)])
def test_a_job_carries_no_more_waits_than_may_be_given(backoff: Exponential | Linear) -> None:
    assert len(backoff.delays(1000)) == 100


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        (Exponential, {"base": -1}, "base must be a number of seconds from 0 to 31622400, not -1"),
        (Exponential, {"most": math.inf}, "most must be a number of seconds from 0"),
        (Exponential, {"factor": 0.5}, "factor must be 1 or more, not 0.5"),
        (Exponential, {"factor": math.nan}, "factor must be 1 or more, not nan"),
        (Exponential, {"jitter": 2}, "jitter is a share between 0 and 1, not 2"),
        (Linear, {"step": -1}, "step must be 0 or more, not -1"),
        (Linear, {"base": "soon"}, "base must be a number of seconds from 0"),
    ],
)
def test_numbers_that_make_no_sense_are_refused_where_they_are_written(
    kind: Any, fields: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        kind(**fields)
